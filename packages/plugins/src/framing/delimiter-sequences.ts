import { Buffer } from 'node:buffer'
import { InvalidOptionError } from '@millrace/core'
import { LONGEST_DELIMITER } from './delimited-decoder.ts'

/** How many delimiters there may be. */
const MOST_DELIMITERS = 16

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '0': '\0', '\\': '\\', '|': '|' }
const KNOWN = String.raw`with the escapes \n \r \t \0 \\ \| \xHH alone`
const PART = /\\x([0-9a-fA-F]{2})|\\([^])?|(\|)|([^\\|]+)/g

/**
 * Byte sequences as text has them: UTF-8, `|` between one and the next, and the escapes `\n`, `\r`, `\t`, `\0`, `\\`,
 * `\|` and `\x` with two hexadecimal digits.
 *
 * @throws {@link InvalidOptionError} for an escape that is none of these.
 *
 * @example
 * readSequences('\\r\\n|;') // the bytes 13 10, and the byte 59
 */
export function readSequences(text: string): Uint8Array[] {
  const sequences: Buffer[][] = [[]]
  for (const [, hex, escaped, bar, plain] of text.matchAll(PART)) {
    const last = sequences.at(-1) as Buffer[]
    if (bar !== undefined) sequences.push([])
    else if (hex !== undefined) last.push(Buffer.from(hex, 'hex'))
    else if (plain !== undefined) last.push(Buffer.from(plain))
    else last.push(Buffer.from(ESCAPES[escaped ?? ''] ?? refuse(KNOWN, text)))
  }
  return sequences.map((parts) => Buffer.concat(parts))
}

/**
 * The sequences that can be told apart while bytes arrive: without repetitions, none of them empty or too long, and
 * none that is over before another one that begins with it, or goes around it, could be.
 *
 * @param given - as an error is to show it.
 * @throws {@link InvalidOptionError}
 */
export function checkSequences(sequences: readonly Uint8Array[], given: unknown): Uint8Array[] {
  const unique = new Map(sequences.map((bytes) => [Buffer.from(bytes).toString('latin1'), Buffer.from(bytes)]))
  if (unique.size === 0 || unique.size > MOST_DELIMITERS) refuse(`1 to ${MOST_DELIMITERS} delimiters`, given)
  for (const [text] of unique) {
    if (text.length === 0 || text.length > LONGEST_DELIMITER) {
      refuse(`delimiters of 1 to ${LONGEST_DELIMITER} bytes`, given)
    }
    for (const [other] of unique) {
      const at = text.indexOf(other)
      if (at !== -1 && at + other.length < text.length) {
        refuse('delimiters none of which contains another one but at its end', given)
      }
    }
  }
  return [...unique.values()]
}

function refuse(expected: string, given: unknown): never {
  throw new InvalidOptionError('delimiter.by', expected, given)
}
