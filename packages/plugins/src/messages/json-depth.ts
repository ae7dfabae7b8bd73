import { CorruptFrameError } from '@millrace/core'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/**
 * Refuses JSON that is nested too deep, before anything is made of it: a level costs a peer two bytes, and whoever parses
 * it seventy. What is no JSON may be refused for its depth, too.
 *
 * @param bytes - in UTF-8, which has none of these characters within another.
 * @param offset - of the frame, for the error.
 * @throws {@link CorruptFrameError} at the first bracket that is too deep.
 */
export function checkDepth(bytes: Uint8Array, maxDepth: number, offset: number): void {
  // All of them have to be closed.
  if (bytes.length <= 2 * maxDepth) return
  let depth = 0
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]
    if (byte === QUOTE) i = endOfText(bytes, i + 1)
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      if (++depth > maxDepth) throw new CorruptFrameError(`nested more than ${maxDepth} deep`, { offset: offset + i })
    } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) depth--
  }
}

/** Where the quote stands that ends a text. */
function endOfText(bytes: Uint8Array, start: number): number {
  let i = start
  for (; i < bytes.length && bytes[i] !== QUOTE; i++) if (bytes[i] === BACKSLASH) i++
  return i
}
