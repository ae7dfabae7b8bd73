import { CorruptFrameError } from '@millrace/core'
import type { LengthFormat } from './length-format.ts'

/** Where a length is in a head, and what it counts. */
export interface LengthField {
  /** In bytes: how much stands before it. */
  readonly offset: number
  /** In bytes: how long it is, 1 to 8. */
  readonly bytes: number
  readonly endian: 'big' | 'little'
  /** In bytes: what is added to its value to get what follows it. */
  readonly adjustment: number
  /** In bytes: how much of the beginning does not belong to the frame. */
  readonly strip: number
}

/** A head of one length, with an unsigned integer in it. */
export class FixedHead implements LengthFormat {
  readonly trailer = 0
  readonly head: number
  readonly longestHead: number
  readonly strip: number
  body = 0
  readonly #field: LengthField

  constructor(field: LengthField) {
    this.#field = field
    this.head = field.offset + field.bytes
    this.longestHead = this.head
    this.strip = field.strip
  }

  wanted(): number {
    return this.head
  }

  readHead(bytes: Uint8Array, start: number, end: number, offset: number): boolean {
    if (end - start < this.head) return false
    const { offset: before, adjustment } = this.#field
    const body = readLength(bytes, start + before, this.#field) + adjustment
    if (body < 0) throw new CorruptFrameError('a length that is less than what it counts', { offset: offset + before })
    this.body = body
    return true
  }
}

type Field = Pick<LengthField, 'bytes' | 'endian'>

/** Beyond 2^53 the nearest number there is: far more than any limit. */
function readLength(bytes: Uint8Array, at: number, { bytes: count, endian }: Field): number {
  let value = 0
  if (endian === 'big') for (let i = at; i < at + count; i++) value = value * 256 + (bytes[i] as number)
  else for (let i = at + count - 1; i >= at; i--) value = value * 256 + (bytes[i] as number)
  return value
}

/** Writes an integer from 0 to 2^53. */
export function writeLength(bytes: Uint8Array, at: number, value: number, { bytes: count, endian }: Field): void {
  let rest = value
  for (let i = count - 1; i >= 0; i--) {
    bytes[endian === 'big' ? at + i : at + count - 1 - i] = rest % 256
    rest = Math.floor(rest / 256)
  }
}
