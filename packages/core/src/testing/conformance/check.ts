import assert from 'node:assert/strict'
import type { Connection } from '../../connection/connection.ts'
import { joined } from '../splits.ts'

/** Two ends of one connection, made for one check. */
export interface TestedPair {
  /** The end whose promises are checked. */
  readonly local: Connection
  /** The end that plays the peer: of the same transport, or at least one that keeps the same promises. */
  readonly remote: Connection
  /** Releases what is left (a server, say), after both ends have been aborted. */
  readonly dispose?: () => Promise<void> | void
}

/** What a check wants of the pair it is given; both ends keep to it. */
export interface PairLimits {
  /** In bytes. */
  readonly highWaterMark: number
}

/** What a transport is like, as far as its promises depend on it. */
export interface Capabilities {
  /** Each item is a datagram, and there is no half-close. */
  readonly datagram: boolean
  /** An end learns that the other one was closed. */
  readonly noticesEnd: boolean
  /** An end learns that the other one was aborted. */
  readonly resets: boolean
  /** It is one of bytes, and looks at what is written. */
  readonly refusesItems: boolean
  /** The most bytes that one datagram can carry, where there is such a limit. */
  readonly maxDatagramSize: number | undefined
  /** Bytes that may be on the way, unread, beside the `highWaterMark` of either end. */
  readonly inFlight: number
}

/** One promise. */
export interface Check {
  /** As a sentence about a connection. */
  readonly promise: string
  /** Default both kinds. */
  readonly only?: 'stream' | 'datagram'
  readonly needs?: 'noticesEnd' | 'refusesItems' | 'resets'
  readonly limits?: Partial<PairLimits>
  readonly run: (pair: TestedPair, capabilities: Capabilities) => Promise<void>
}

/** Bytes that tell their place. */
export function pattern(length: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8) * 17 + seed) & 0xff)
}

/** That these are the same bytes, be they a Buffer or a plain Uint8Array. */
export function sameBytes(actual: Uint8Array | undefined, expected: Uint8Array): void {
  assert.ok(actual instanceof Uint8Array, 'there are no bytes')
  assert.equal(actual.byteLength, expected.byteLength)
  const at = actual.findIndex((byte, i) => byte !== expected[i])
  assert.equal(at, -1, `byte ${at} is ${actual[at]} instead of ${expected[at]}`)
}

/** Reads on until so many bytes have come, then breaks; fails where the input ends before, or gives more. */
export async function read(source: AsyncIterable<Uint8Array>, bytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let rest = bytes
  for await (const chunk of source) {
    chunks.push(chunk)
    rest -= chunk.byteLength
    if (rest <= 0) break
  }
  assert.equal(rest, 0, `${rest} bytes of ${bytes} are missing`)
  return joined(chunks)
}

/** Reads one item, then breaks. */
export async function readItem(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  for await (const item of source) return item
  return assert.fail('the input ended')
}

/** The error that a promise rejects with, which must be of this class. */
export async function failure<E extends Error>(
  promise: Promise<unknown>,
  errorClass: new (...args: never[]) => E,
): Promise<E> {
  const thrown: unknown = await promise.then(
    () => assert.fail(`resolved instead of rejecting with ${errorClass.name}`),
    (error: unknown) => error,
  )
  assert.ok(thrown instanceof errorClass, `rejected with ${String(thrown)} instead of ${errorClass.name}`)
  return thrown
}

/** How a subscription to `data$` ends: with which items, and cleanly or with which error. */
export function observed(connection: Connection): Promise<{ readonly chunks: Uint8Array[]; readonly error?: unknown }> {
  const chunks: Uint8Array[] = []
  return new Promise((resolve) => {
    connection.data$.subscribe({
      next: (chunk) => chunks.push(chunk),
      error: (error: unknown) => resolve({ chunks, error }),
      complete: () => resolve({ chunks }),
    })
  })
}

/** Reads the other end so that an end and a reset are seen, and closes it after; whatever comes of it. */
export function follow(remote: Connection): void {
  const reading = async (): Promise<void> => {
    for await (const _ of remote);
    await remote.close()
  }
  reading().catch(() => {})
}
