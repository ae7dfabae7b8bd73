import type { CodecSubject } from './codec-subject.ts'
import type { CodecOptions } from './codec-options.ts'
import type { Arbitrary, Fc } from './inputs.ts'
import type { Outcome } from './outcome.ts'

/** What a check works with. */
export interface CodecBench {
  readonly fc: Fc
  readonly codec: CodecSubject
  readonly frames: Arbitrary<unknown>
  /** What a peer may send: bytes of a stream, or for a codec that takes frames one of them. */
  readonly wire: Arbitrary<Uint8Array>
  readonly options: CodecOptions<never>
  /** What of an outcome is compared. */
  readonly seen: (outcome: Outcome) => unknown
  /** Tries a property as often as the check's share of the runs says. */
  readonly forAll: <T>(values: Arbitrary<T>, holds: (value: T) => void) => void
}

/** One promise of a codec. */
export interface CodecCheck {
  /** As a sentence about a codec. */
  readonly promise: string
  /** Its part of the runs; 0 for one that is made once. */
  readonly share: number
  /** Default both: codecs that take bytes however they are cut, and those that take whole frames. */
  readonly only?: 'bytes' | 'frames'
  /** Default whichever the codec takes. */
  readonly over?: 'stream' | 'datagram'
  readonly run: (bench: CodecBench) => void
}
