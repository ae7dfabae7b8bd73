import { InvalidOptionError } from '../../errors/invalid-option-error.ts'
import { boundChecks } from './bound-checks.ts'
import type { CodecBench, CodecCheck } from './codec-check.ts'
import type { CodecOptions, MadeCodec } from './codec-options.ts'
import { CodecSubject } from './codec-subject.ts'
import { decodingChecks } from './decoding-checks.ts'
import { encodingChecks } from './encoding-checks.ts'
import { type Arbitrary, type Fc, wireBytes, wireFrame } from './inputs.ts'
import type { Outcome } from './outcome.ts'

const CHECKS: readonly CodecCheck[] = [...decodingChecks, ...encodingChecks, ...boundChecks]

const RUNS = 20_000

/**
 * Registers a test for each promise that a codec makes, and tries it with thousands of inputs: what it decodes and how
 * it fails is the same wherever bytes are cut, limits and offsets included; what was encoded comes back; it holds no
 * more than it may, changes and keeps nothing that is not its own, throws `FrameError`s alone, and its work grows as
 * its input does. Every codec of Millrace passes it; one of your own can, too.
 *
 * Take a small limit, so that the inputs get past it. A codec that takes whole frames (`accepts: 'frame'`) is given
 * frames, and the checks of cuts and bounds are left to its framer. One whose `accept` turns datagrams away, or streams,
 * is not asked what it does there.
 *
 * @param make - a call of the codec's factory. It is built once, and opened for each input.
 * @throws {@link InvalidOptionError} where a codec of bytes is described without `maxHeld`, or `runs` is no number of
 * them.
 *
 * @example
 * import fc from 'fast-check'
 * import { describe, test } from 'vitest'
 *
 * const frames = fc.uint8Array({ maxLength: 16 })
 * describeCodec('framed', () => framed({ limit: 16 }), { describe, test, fc, frames, maxHeld: 18 })
 */
export function describeCodec<Message>(
  name: string,
  make: () => MadeCodec<Message>,
  options: CodecOptions<Message>,
): void {
  const { describe, test } = options
  checkOptions(options, make().description.accepts)
  const subject = new CodecSubject(make())
  const kind = subject.accepts === 'bytes' ? 'bytes' : 'frames'
  describe(name, () => {
    for (const check of CHECKS) {
      if (check.only !== undefined && check.only !== kind) continue
      if (check.over !== undefined && !subject.takes(check.over)) continue
      test(check.promise, async () => check.run(benchFor(check, new CodecSubject(make()), options)))
    }
  })
}

function checkOptions<Message>({ maxHeld, runs = RUNS }: CodecOptions<Message>, accepts: string): void {
  if (!Number.isInteger(runs) || runs < 1) {
    throw new InvalidOptionError('describeCodec.runs', 'an integer above 0', runs)
  }
  if (accepts === 'bytes' && !(typeof maxHeld === 'number' && maxHeld >= 0)) {
    throw new InvalidOptionError('describeCodec.maxHeld', 'a number of bytes', maxHeld)
  }
}

function benchFor<Message>({ share }: CodecCheck, codec: CodecSubject, options: CodecOptions<Message>): CodecBench {
  const { invalid = [], runs = RUNS, seed = 1, joins } = options
  const fc = options.fc as unknown as Fc
  const frames = options.frames as unknown as Arbitrary<unknown>
  const ingredients = { fc, codec, frames, invalid }
  const numRuns = Math.max(1, Math.round(runs * share))
  return {
    fc,
    codec,
    frames,
    wire: codec.accepts === 'bytes' ? wireBytes(ingredients) : wireFrame(ingredients),
    options: options as unknown as CodecOptions<never>,
    seen: (outcome: Outcome) => (joins ? { ...outcome, items: joins(outcome.items) } : outcome),
    forAll: (values, holds) => fc.assert(fc.property(values, holds), { numRuns, seed }),
  }
}
