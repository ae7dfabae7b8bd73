import { Buffer } from 'node:buffer'
import type fc from 'fast-check'
import { FrameError } from '../../errors/frame-errors.ts'
import type { CodecSubject } from './codec-subject.ts'

/** The module's own type, for inside the suite. */
export type Fc = typeof fc
/** A generator of values. */
export type Arbitrary<T> = fc.Arbitrary<T>

/** Where bytes are cut. */
export type Cuts = readonly number[] | 'everywhere'

/** Most pieces that an input is made of. */
const PIECES = 5

/**
 * What a peer may send to a codec that takes bytes: frames, what is no frame, and anything, one after the other; cut
 * off somewhere, one byte changed, or neither.
 */
export function wireBytes({ fc, codec, frames, invalid }: Ingredients): Arbitrary<Uint8Array> {
  const encoded = frames.map((message) => encodedOr(codec, message))
  // What codecs mind most: ends of lines, zeros, and the bytes that samples are made of.
  const alphabet = [...new Set([0, 1, 2, 10, 13, 255, ...invalid.flatMap((sample) => [...sample.subarray(0, 8)])])]
  const some = fc.array(fc.constantFrom(...alphabet), { maxLength: 12 }).map((bytes) => Uint8Array.from(bytes))
  const samples = invalid.length === 0 ? [] : [fc.constantFrom(...invalid)]
  const piece = fc.oneof({ arbitrary: encoded, weight: 3 }, fc.uint8Array({ maxLength: 12 }), some, ...samples)
  const whole = fc.array(piece, { maxLength: PIECES }).map((pieces) => Buffer.concat(pieces))
  return fc.tuple(whole, fc.nat(4), fc.nat(), fc.nat(255)).map(([bytes, change, at, byte]) => {
    if (change === 0) return bytes.subarray(0, at % (bytes.length + 1))
    return change === 1 ? withByte(bytes, at, byte) : bytes
  })
}

/** The same for a codec that takes whole frames: one of them. */
export function wireFrame({ fc, codec, frames, invalid }: Ingredients): Arbitrary<Uint8Array> {
  const encoded = frames.map((message) => encodedOr(codec, message))
  const changed = fc.tuple(encoded, fc.nat(), fc.nat(255)).map(([bytes, at, byte]) => withByte(bytes, at, byte))
  const samples = invalid.length === 0 ? [] : [fc.constantFrom(...invalid)]
  return fc.oneof(encoded, changed, fc.uint8Array({ maxLength: 24 }), ...samples)
}

/** A copy with another byte somewhere: a generated value is used again. */
function withByte(bytes: Uint8Array, at: number, byte: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  if (copy.length > 0) copy[at % copy.length] = byte
  return copy
}

/** What inputs are made from. */
export interface Ingredients {
  readonly fc: Fc
  readonly codec: CodecSubject
  readonly frames: Arbitrary<unknown>
  readonly invalid: readonly Uint8Array[]
}

/** Nothing, for what the codec will not send. */
function encodedOr(codec: CodecSubject, message: unknown): Uint8Array {
  try {
    return codec.encode(message) as Uint8Array
  } catch (error) {
    if (error instanceof FrameError) return new Uint8Array(0)
    throw error
  }
}

/** Places to cut at, as parts of the whole; now and then every place. */
export function someCuts(fc: Fc): Arbitrary<Cuts> {
  const places = fc.array(fc.nat({ max: 255 }), { maxLength: 6 })
  return fc.oneof({ arbitrary: places, weight: 4 }, { arbitrary: fc.constant('everywhere' as const), weight: 1 })
}

/** Bytes in pieces, some of which may be empty. Each piece is a view into memory of its own that is larger than it. */
export function cutInto(bytes: Uint8Array, cuts: Cuts): Uint8Array[] {
  const places = cuts === 'everywhere' ? Array.from(bytes.subarray(1), (_, i) => i + 1) : scaled(cuts, bytes.length)
  return places.concat(bytes.length).map((end, i) => {
    const start = places[i - 1] ?? 0
    const memory = new Uint8Array(end - start + 2)
    memory.set(bytes.subarray(start, end), 1)
    return memory.subarray(1, -1)
  })
}

function scaled(cuts: readonly number[], length: number): number[] {
  return cuts.map((cut) => Math.floor((cut * (length + 1)) / 256)).toSorted((a, b) => a - b)
}
