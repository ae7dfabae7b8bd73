import { Buffer, isUtf8 } from 'node:buffer'
import { validLength } from './utf8.ts'

/**
 * What must not reach a log as it is: controls (C0, DEL, C1, and with them ESC and every line end), format characters
 * (direction overrides, zero-width ones, tags), line and paragraph separators, lone surrogates, private and unassigned
 * ones.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}]/gu

const SHORT_ESCAPES: ReadonlyMap<string, string> = new Map([['\n', '\\n'], ['\r', '\\r'], ['\t', '\\t']])

/** Braces for everything that is a character, so that `\x` is left for bytes that are none. */
function escapeCharacter(character: string): string {
  return SHORT_ESCAPES.get(character) ?? `\\u{${(character.codePointAt(0) as number).toString(16)}}`
}

/**
 * Text as one line that no terminal, pager or log reader takes for anything else: what could move the cursor, end the
 * line or turn the reading direction becomes an escape (`\n`, `\u{1b}`, `\u{202e}`). For text whose own backslashes are
 * escapes already; for any other there is {@link escapeText}.
 */
export function escapeControls(text: string): string {
  return text.replace(UNSAFE, escapeCharacter)
}

/**
 * {@link escapeControls}, with a backslash written as two, so that what was escaped can be told from what was there.
 *
 * @example
 * escapeText('a\r\nINFO forged') // 'a\\r\\nINFO forged'
 */
export function escapeText(text: string): string {
  return escapeControls(text.replaceAll('\\', '\\\\'))
}

const escapeByte = (byte: number): string => `\\x${byte.toString(16).padStart(2, '0')}`

/**
 * Bytes as escaped text ({@link escapeText}). What is no UTF-8, a character cut off at either end included, is written
 * byte for byte as `\x` and two hexadecimal digits.
 *
 * @example
 * escapeBytes(Uint8Array.of(0x68, 0x69, 0x0a, 0xff)) // 'hi\\n\\xff'
 */
export function escapeBytes(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (isUtf8(buffer)) return escapeText(buffer.toString('utf8'))
  let text = ''
  let at = 0
  while (at < buffer.length) {
    const valid = validLength(buffer.subarray(at))
    text += escapeText(buffer.toString('utf8', at, at + valid))
    at += valid
    if (at < buffer.length) text += escapeByte(buffer[at++] as number)
  }
  return text
}

const ROW = 16

const isPrintable = (byte: number): boolean => byte >= 0x20 && byte < 0x7f

function hexRow(bytes: Uint8Array, offset: number): string {
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'))
  const left = digits.slice(0, ROW / 2).join(' ')
  const right = digits.slice(ROW / 2).join(' ')
  const text = Array.from(bytes, (byte) => (isPrintable(byte) ? String.fromCharCode(byte) : '.')).join('')
  return `${offset.toString(16).padStart(8, '0')}  ${left.padEnd(23)}  ${right.padEnd(23)}  |${text}|`
}

/**
 * Bytes as the rows that `hexdump -C` prints: offset, sixteen bytes in two groups, and the printable ones as text.
 * Unlike there, a row like the one before it is written out. Every row is printable ASCII, whatever the bytes are.
 *
 * @param offset - of the first byte, in bytes.
 *
 * @example
 * hexDump(Uint8Array.of(0x68, 0x69, 0x0a))
 * // ['00000000  68 69 0a                                          |hi.|']
 */
export function hexDump(bytes: Uint8Array, offset = 0): string[] {
  const rows: string[] = []
  for (let at = 0; at < bytes.length; at += ROW) rows.push(hexRow(bytes.subarray(at, at + ROW), offset + at))
  return rows
}
