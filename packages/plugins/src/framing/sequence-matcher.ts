import type { DelimiterMatcher } from './delimiter-matcher.ts'
import { findByte } from './find-byte.ts'
import type { SequenceAutomaton } from './sequence-automaton.ts'

/** Finds any of several byte sequences. */
export class SequenceMatcher implements DelimiterMatcher {
  matched = 0
  readonly #automaton: SequenceAutomaton
  #state = 0

  constructor(automaton: SequenceAutomaton) {
    this.#automaton = automaton
  }

  get pending(): number {
    return this.#automaton.depth[this.#state] as number
  }

  find(chunk: Uint8Array, from: number): number {
    const { next, matched, firstByte } = this.#automaton
    let state = this.#state
    for (let i = from; i < chunk.length; i++) {
      if (state === 0 && firstByte !== -1) {
        i = findByte(chunk, firstByte, i)
        if (i === -1) break
      }
      state = next[state * 256 + (chunk[i] as number)] as number
      const length = matched[state] as number
      if (length === 0) continue
      this.#state = 0
      this.matched = length
      return i + 1
    }
    this.#state = state
    return -1
  }

  reset(): void {
    this.#state = 0
  }
}
