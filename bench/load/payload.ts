/** Lower-case letters, so that a peer that upper-cases has work to do. The same at every run. */
export function letters(bytes: number, seed = 1): Buffer {
  const random = mulberry32(seed)
  return Buffer.from(Uint8Array.from({ length: bytes }, () => 0x61 + Math.floor(random() * 26)))
}

/** What a peer must send back for it. */
export function expectedReply(sent: Buffer, reply: 'same' | 'upper'): Buffer {
  return reply === 'same' ? sent : Buffer.from(sent.toString('latin1').toUpperCase(), 'latin1')
}

/** A small generator of numbers from 0 to 1, 1 excluded; the same numbers for the same seed. */
export function mulberry32(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
