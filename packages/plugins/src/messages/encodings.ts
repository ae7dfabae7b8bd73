import { Buffer, isUtf8 } from 'node:buffer'
import { cutTail, validLength } from '../utf8.ts'

/** How characters are bytes. */
export interface Encoding {
  /** How many bytes at the end are the good beginning of a character that more bytes could complete: 0 to 3. */
  readonly cut: (bytes: Uint8Array) => number
  /** Where the first byte stands that belongs to no character, -1 where all do. */
  readonly firstInvalid: (bytes: Uint8Array) => number
  /** Text of bytes, with U+FFFD for what is invalid. */
  readonly decode: (bytes: Uint8Array) => string
  /** Whether every character of a text can be written. */
  readonly canWrite: (text: string) => boolean
  /** Bytes of a text, with U+FFFD or `?` for what cannot be written. */
  readonly encode: (text: string) => Uint8Array
}

const viewOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)

/** Surrogates that are not in a pair: with the u flag one that is in a pair is no match. */
const LONE = /\p{Surrogate}/u
const LONES = /\p{Surrogate}/gu
const REPLACEMENT = '\ufffd'

const utf8: Encoding = {
  cut: cutTail,
  firstInvalid: (bytes) => (isUtf8(bytes) ? -1 : validLength(bytes)),
  decode: (bytes) => viewOf(bytes).toString('utf8'),
  canWrite: (text) => !LONE.test(text),
  encode: (text) => Buffer.from(text, 'utf8'),
}

const isHigh = (unit: number): boolean => unit >= 0xd800 && unit < 0xdc00
const isLow = (unit: number): boolean => unit >= 0xdc00 && unit < 0xe000
const unitAt = (bytes: Uint8Array, at: number): number => (bytes[at] as number) | ((bytes[at + 1] as number) << 8)

/** The lowest byte of a unit first; a byte order mark is a character like any other. */
const utf16: Encoding = {
  cut: (bytes) => {
    const odd = bytes.length % 2
    const units = bytes.length - odd
    return odd + (units > 0 && isHigh(unitAt(bytes, units - 2)) ? 2 : 0)
  },
  firstInvalid: (bytes) => {
    for (let at = 0; at < bytes.length; at += 2) {
      if (at + 1 === bytes.length) return at
      const unit = unitAt(bytes, at)
      const paired = isHigh(unit) && at + 3 < bytes.length && isLow(unitAt(bytes, at + 2))
      if (paired) at += 2
      else if (isHigh(unit) || isLow(unit)) return at
    }
    return -1
  },
  decode: (bytes) => {
    const text = viewOf(bytes).toString('utf16le').replaceAll(LONES, REPLACEMENT)
    return bytes.length % 2 === 0 ? text : text + REPLACEMENT
  },
  canWrite: (text) => !LONE.test(text),
  encode: (text) => Buffer.from(text.replaceAll(LONES, REPLACEMENT), 'utf16le'),
}

/** ISO 8859-1: each byte is the character of that number. */
const latin1: Encoding = {
  cut: () => 0,
  firstInvalid: () => -1,
  decode: (bytes) => viewOf(bytes).toString('latin1'),
  canWrite: (text) => !/[^\0-\xff]/.test(text),
  encode: (text) => Buffer.from(text.replaceAll(/[^\0-\xff]/gu, '?'), 'latin1'),
}

/** By the names of the option. */
export const ENCODINGS = { 'utf-8': utf8, 'utf-16le': utf16, latin1 } as const
