import { Buffer } from 'node:buffer'
import type { Stage } from '@millrace/core'

/** What a stage emitted, and what it threw. */
export interface Driven<Out> {
  readonly emitted: Out[]
  readonly error?: unknown
}

/** Pushes items into a stage and collects what it emits, up to its end or to what it throws. */
export function drive<In, Out>(stage: Stage<In, Out>, items: readonly In[]): Driven<Out> {
  const emitted: Out[] = []
  const emit = (item: Out): void => {
    emitted.push(item)
  }
  try {
    for (const item of items) stage.push(item, emit)
    stage.end?.(emit)
    return { emitted }
  } catch (error) {
    return { emitted, error }
  }
}

/** The same for one datagram, in the pieces that a plugin before makes of it. A bad one is forgotten. */
export function driveDatagram<In, Out>(stage: Stage<In, Out>, pieces: readonly In[]): Driven<Out> {
  const emitted: Out[] = []
  const emit = (item: Out): void => {
    emitted.push(item)
  }
  try {
    for (const piece of pieces) stage.push(piece, emit)
    stage.endOfDatagram?.(emit)
    return { emitted }
  } catch (error) {
    stage.reset?.()
    return { emitted, error }
  }
}

/** Bytes in pieces that end at these places; those out of range or out of order do not matter. */
export function cutAt(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const inside = cuts.filter((cut) => cut > 0 && cut < bytes.length)
  const edges = [0, ...new Set(inside.toSorted((a, b) => a - b)), bytes.length]
  return edges.slice(1).map((edge, i) => bytes.subarray(edges[i], edge))
}

/** The bytes of several chunks as one text. */
export const textOf = (chunks: readonly Uint8Array[]): string => Buffer.concat(chunks).toString()
