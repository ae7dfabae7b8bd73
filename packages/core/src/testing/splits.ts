import { InvalidOptionError } from '../errors/invalid-option-error.ts'

/** Gathers all items of a source. */
export async function collect<T>(source: AsyncIterable<T> | Iterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of source) items.push(item)
  return items
}

/** Chunks as one. Always a copy. */
export function joined(chunks: Iterable<Uint8Array>): Uint8Array {
  const list = [...chunks]
  const bytes = new Uint8Array(list.reduce((sum, { byteLength }) => sum + byteLength, 0))
  let offset = 0
  for (const chunk of list) {
    bytes.set(chunk, offset)
    offset += chunk.byteLength
  }
  return bytes
}

/**
 * Cuts bytes into chunks of the sizes given, in turn, again from the first size when they run out. The chunks are
 * views; the last may be shorter.
 *
 * @param sizes - one, or several, in bytes.
 * @throws {@link InvalidOptionError} for a size that is no integer above 0.
 *
 * @example
 * chunksOf(Uint8Array.of(1, 2, 3, 4, 5), [2, 1]) // [1, 2] [3] [4, 5]
 */
export function chunksOf(bytes: Uint8Array, sizes: number | readonly number[]): Uint8Array[] {
  const list = typeof sizes === 'number' ? [sizes] : sizes
  if (list.length === 0 || !list.every((size) => Number.isInteger(size) && size > 0)) {
    throw new InvalidOptionError('sizes', 'integers above 0 (bytes)', sizes)
  }
  const chunks: Uint8Array[] = []
  for (let start = 0; start < bytes.byteLength; ) {
    const end = start + (list[chunks.length % list.length] as number)
    chunks.push(bytes.subarray(start, end))
    start = end
  }
  return chunks
}

/**
 * The bytes cut in two at every place, whole, and byte by byte: for short inputs, to show that where they were cut
 * makes no difference.
 *
 * @example
 * for (const chunks of everySplit(encoded)) expect(decode(chunks)).toEqual(messages)
 */
export function* everySplit(bytes: Uint8Array): Generator<Uint8Array[], undefined> {
  yield [bytes]
  for (let cut = 1; cut < bytes.byteLength; cut++) yield [bytes.subarray(0, cut), bytes.subarray(cut)]
  if (bytes.byteLength > 2) yield chunksOf(bytes, 1)
}

/** Options of {@link splitsOf}. */
export interface SplitsOptions {
  /** The same seed gives the same splits. Default 1. */
  readonly seed?: number
  /** How many splits. Default 20. */
  readonly count?: number
  /** The largest chunk, in bytes. Default a quarter of the input, at least 1. */
  readonly maxSize?: number
}

/**
 * The bytes cut at random places, each time at others, the same for the same seed: for inputs too long for {@link
 * everySplit}.
 */
export function* splitsOf(bytes: Uint8Array, options: SplitsOptions = {}): Generator<Uint8Array[], undefined> {
  const { seed = 1, count = 20, maxSize = Math.max(1, Math.ceil(bytes.byteLength / 4)) } = options
  const random = seededRandom(seed)
  for (let i = 0; i < count; i++) {
    const sizes: number[] = []
    for (let sum = 0; sum < bytes.byteLength; sum += sizes.at(-1) as number) {
      sizes.push(1 + Math.floor(random() * maxSize))
    }
    yield sizes.length === 0 ? [] : chunksOf(bytes, sizes)
  }
}

/**
 * Numbers from 0 to below 1, the same sequence for the same seed (Marsaglia's xorshift with 32 bits).
 *
 * @see https://www.jstatsoft.org/article/view/v008i14
 */
export function seededRandom(seed: number): () => number {
  // Zero is the one state that xorshift never leaves.
  let state = seed | 0 || 0x9e3779b9
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}
