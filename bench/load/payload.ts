import { answer, type Call } from '../peers/calls.ts'
import type { Load } from '../workloads/workload.ts'

/** Messages and what must come back for them, each one after the other. */
export interface Exchange {
  readonly sent: Buffer
  readonly expected: Buffer
}

/**
 * So many messages of a load: different ones for each seed, the same at every run. Each takes the same number of bytes,
 * and so does each reply.
 */
export function exchangeOf({ size, reply }: Load, messages: number, seed = 1): Exchange {
  const text = letters(size * messages, seed)
  if (reply === 'same') return { sent: text, expected: text }
  if (reply === 'upper') return { sent: text, expected: Buffer.from(text.toString('latin1').toUpperCase(), 'latin1') }
  const calls = Array.from({ length: messages }, (_, i) => callOf(text.toString('latin1', i * size, (i + 1) * size)))
  return { sent: Buffer.concat(calls.map(encode)), expected: Buffer.concat(calls.map(answer)) }
}

function callOf(text: string): Call {
  return { pattern: 'echo', data: { text }, id: '1' }
}

function encode(call: Call): Buffer {
  const json = JSON.stringify(call)
  return Buffer.from(`${json.length}#${json}`, 'latin1')
}

/** Lower-case letters, so that a peer that upper-cases has work to do. */
function letters(bytes: number, seed: number): Buffer {
  const random = mulberry32(seed)
  return Buffer.from(Uint8Array.from({ length: bytes }, () => 0x61 + Math.floor(random() * 26)))
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
