/** How many different bytes there are. */
const BYTES = 256

/**
 * Byte sequences as an automaton that reads each byte once and never goes back, however many sequences there are. Made
 * once, read by any number of connections.
 *
 * @see https://doi.org/10.1145/360825.360855 - Aho and Corasick, Efficient string matching
 */
export class SequenceAutomaton {
  /** For each state 256 entries: the state after each byte. State 0 is the beginning. */
  readonly next: Uint16Array
  /** For each state: how many bytes at the end of what was read begin some sequence. */
  readonly depth: Uint8Array
  /** For each state: the length of the longest sequence that ends here, 0 where none does. */
  readonly matched: Uint8Array
  /** The one byte with which all sequences begin, -1 where they begin with different ones. */
  readonly firstByte: number

  /** @param sequences - each of 1 to 255 bytes. */
  constructor(sequences: readonly Uint8Array[]) {
    const states = 1 + sequences.reduce((sum, { length }) => sum + length, 0)
    this.next = new Uint16Array(states * BYTES)
    this.depth = new Uint8Array(states)
    this.matched = new Uint8Array(states)
    const firsts = new Set(sequences.map(([first]) => first as number))
    this.firstByte = firsts.size === 1 ? ([...firsts][0] as number) : -1
    const used = this.#plant(sequences)
    this.#link(used)
  }

  /** The sequences as a tree. */
  #plant(sequences: readonly Uint8Array[]): number {
    let used = 1
    for (const sequence of sequences) {
      let state = 0
      for (const byte of sequence) {
        const at = state * BYTES + byte
        if (this.next[at] === 0) {
          this.depth[used] = (this.depth[state] as number) + 1
          this.next[at] = used++
        }
        state = this.next[at] as number
      }
      this.matched[state] = sequence.length
    }
    return used
  }

  /** Where the tree has no branch, one goes on from the longest end that begins a sequence too. Level by level. */
  #link(used: number): void {
    const fallback = new Uint16Array(used)
    const level: number[] = [0]
    for (const state of level) {
      const back = fallback[state] as number
      this.matched[state] ||= this.matched[back] as number
      for (let byte = 0; byte < BYTES; byte++) {
        const at = state * BYTES + byte
        const behind = state === 0 ? 0 : (this.next[back * BYTES + byte] as number)
        const child = this.next[at] as number
        if (child === 0) {
          this.next[at] = behind
        } else {
          fallback[child] = behind
          level.push(child)
        }
      }
    }
  }
}
