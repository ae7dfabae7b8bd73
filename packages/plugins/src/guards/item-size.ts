import { Buffer } from 'node:buffer'

/** What an item weighs, in bytes: a message that is neither bytes nor text, nothing. */
export function sizeOfItem(item: unknown): number {
  if (item instanceof Uint8Array) return item.length
  return typeof item === 'string' ? Buffer.byteLength(item) : 0
}
