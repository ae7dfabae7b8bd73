import { Buffer } from 'node:buffer'
import { FrameError } from '../../errors/frame-errors.ts'

/** What a codec made of an input, in a form that can be compared. */
export interface Outcome {
  readonly items: readonly unknown[]
  /** What it reported on the way. */
  readonly discarded: readonly unknown[]
  readonly error: unknown
}

/** An item as it is now: copied, because what its bytes are a view of may change. */
export function contentOf(item: unknown): unknown {
  if (item instanceof Uint8Array) return { bytes: Buffer.from(item).toString('latin1') }
  if (typeof item !== 'object' || item === null) return item
  try {
    return structuredClone(item)
  } catch {
    // It has functions in it, say.
    return item
  }
}

/** All that an error says: its class, its words, its code, and its fields. An event's, in what it carries. */
export function factsOf(value: unknown): unknown {
  if (value instanceof FrameError) {
    // Stack, cause and message are not enumerable, and to read a stack takes longer than to decode.
    return { ...Object.fromEntries(Object.entries(value)), class: value.constructor.name, message: value.message }
  }
  if (typeof value !== 'object' || value === null) return value
  const told = (part: unknown): unknown => (part instanceof Error ? factsOf(part) : part)
  const parts = Object.entries(value).map(([key, part]) => [key, told(part)])
  return Object.fromEntries(parts) as unknown
}
