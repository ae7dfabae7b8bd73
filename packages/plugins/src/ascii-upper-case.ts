import { Buffer, isAscii } from 'node:buffer'

/** From this many bytes on the calls into the engine's own conversion cost less than a loop over them. */
const NATIVE_FROM = 96

const isLower = (byte: number): boolean => byte >= 0x61 && byte <= 0x7a

const UPPER: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => (isLower(byte) ? byte - 0x20 : byte))

/**
 * Upper-cases bytes that are all ASCII.
 *
 * @param bytes - left as they are.
 * @returns the same object where nothing had to change, otherwise new bytes; undefined when some byte is not ASCII.
 *
 * @example
 * upperCaseAscii(Buffer.from('a-1')) // the bytes of 'A-1'
 */
export function upperCaseAscii(bytes: Uint8Array): Uint8Array | undefined {
  return bytes.length < NATIVE_FROM ? byTable(bytes) : byString(bytes)
}

function byTable(bytes: Uint8Array): Uint8Array | undefined {
  // Out of Node's pool: a new typed array of more than 64 bytes would cost more than the loop.
  const upper = Buffer.allocUnsafe(bytes.length)
  let seen = 0
  let changed = 0
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number
    const raised = UPPER[byte] as number
    seen |= byte
    changed |= byte ^ raised
    upper[i] = raised
  }
  if (seen >= 0x80) return undefined
  return changed === 0 ? bytes : upper
}

/** Strings of this length stay in the caches, and are collected young: 64 KiB in one cost more than twice as much. */
const BLOCK = 4096

/** A string of one byte a character takes the engine's word-at-a-time path, several times faster than a loop. */
function byString(bytes: Uint8Array): Uint8Array | undefined {
  if (!isAscii(bytes)) return undefined
  const from = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const upper = Buffer.allocUnsafe(bytes.length)
  let changed = false
  for (let at = 0; at < bytes.length; at += BLOCK) {
    const text = from.toString('latin1', at, at + BLOCK)
    const raised = text.toUpperCase()
    upper.write(raised, at, 'latin1')
    changed ||= raised !== text
  }
  return changed ? upper : bytes
}
