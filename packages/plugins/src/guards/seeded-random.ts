/**
 * Numbers from 0 to below 1, the same sequence for the same seed: a Weyl sequence whose values are hashed (SplitMix32).
 *
 * @param seed - an integer; of larger ones the lowest 32 bits count.
 */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x9e37_79b9) >>> 0
    let hash = state
    hash = Math.imul(hash ^ (hash >>> 16), 0x21f0_aaad)
    hash = Math.imul(hash ^ (hash >>> 15), 0x735a_2d97)
    return ((hash ^ (hash >>> 15)) >>> 0) / 2 ** 32
  }
}
