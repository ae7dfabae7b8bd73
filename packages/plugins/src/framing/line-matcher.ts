import type { DelimiterMatcher } from './delimiter-matcher.ts'
import { findByte } from './find-byte.ts'

/**
 * What ends a line: `lf` LF alone, `crlf` CR LF alone, `any` LF with or without a CR before it.
 */
export type LineEnding = 'any' | 'lf' | 'crlf'

export const LF = 0x0a
export const CR = 0x0d

/** Finds the ends of lines, a LF at a time. */
export class LineMatcher implements DelimiterMatcher {
  matched = 0
  readonly #ending: LineEnding
  /** The last chunk ended in a CR. */
  #afterCr = false

  constructor(ending: LineEnding) {
    this.#ending = ending
  }

  get pending(): number {
    return this.#afterCr ? 1 : 0
  }

  find(chunk: Uint8Array, from: number): number {
    for (let at = findByte(chunk, LF, from); at !== -1; at = findByte(chunk, LF, at + 1)) {
      const matched = this.#lengthAt(chunk, from, at)
      if (matched === 0) continue
      this.matched = matched
      this.#afterCr = false
      return at + 1
    }
    if (from < chunk.length) this.#afterCr = this.#ending !== 'lf' && chunk[chunk.length - 1] === CR
    return -1
  }

  reset(): void {
    this.#afterCr = false
  }

  /** The length of the ending whose LF stands there, 0 where that LF is none. */
  #lengthAt(chunk: Uint8Array, from: number, at: number): number {
    if (this.#ending === 'lf') return 1
    const afterCr = at > from ? chunk[at - 1] === CR : this.#afterCr
    return afterCr ? 2 : this.#ending === 'any' ? 1 : 0
  }
}
