import { type CodecOptions, describeCodec, type MadeCodec } from '@millrace/core/testing'
import fc from 'fast-check'
import { describe, test } from 'vitest'

/** `npm run check:codecs -- RUNS SEED` sets these: more runs than the usual 20,000, and others. */
const runs = Number(process.env['CODEC_RUNS'] ?? 20_000)
const seed = Number(process.env['CODEC_SEED'] ?? 1)

/** What {@link describeCodec} is told, but for who runs it and how often. */
type Described<Message> = Omit<CodecOptions<Message>, 'describe' | 'test' | 'fc' | 'runs' | 'seed'>

/**
 * The suite that every codec passes, with as many runs as are asked for.
 *
 * @param variants - of this codec, which share its runs. Default 1.
 */
export function checkCodec<Message>(
  name: string,
  make: () => MadeCodec<Message>,
  { variants = 1, ...options }: Described<Message> & { readonly variants?: number },
): void {
  const share = Math.ceil(runs / variants)
  const within = { timeout: 20_000 + share * 5 }
  const describeWithin = (title: string, body: () => void): void => void describe(title, within, body)
  describeCodec(name, make, { describe: describeWithin, test, fc, runs: share, seed, ...options })
}

/** Bytes of a text, or of one byte after the other. */
export const bytes = (...parts: readonly (string | number)[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === 'number' ? [part] : [...Buffer.from(part)])))
