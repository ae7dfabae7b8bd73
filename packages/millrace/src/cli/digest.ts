import type { Clock, LogFields, Logger, Timer } from '@millrace/core'

/** In milliseconds: each kind of line at most once in this time. */
const WINDOW = 1_000

/** One line of a log. */
export interface Line {
  readonly level: 'info' | 'warn' | 'error'
  readonly fields: LogFields
  readonly message: string
}

interface Entry {
  /** Since the last line of this kind. */
  count: number
  latest: () => Line
  timer: Timer
}

/**
 * Keeps what happens often from flooding a log: the first of a kind is a line at once, those after it are counted, and told in one
 * line a second with the facts of the latest. Every line has a `count`. Only what is written is put into words: a peer that causes a
 * hundred thousand of a kind is not to cost as many.
 */
export class Digest {
  readonly #logger: Logger
  readonly #clock: Clock
  readonly #entries: Map<string, Entry> = new Map()

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger
    this.#clock = clock
  }

  /**
   * @param kind - of a small number of kinds, each of which is told by itself.
   * @param line - is asked for when it is written, which may be a second later or never.
   */
  note(kind: string, line: () => Line): void {
    const entry = this.#entries.get(kind)
    if (entry) {
      entry.count++
      entry.latest = line
      return
    }
    this.#write(line, 1)
    this.#entries.set(kind, { count: 0, latest: line, timer: this.#schedule(kind) })
  }

  /** Tells what has been counted and not told. Nothing is pending afterwards. */
  flush(): void {
    for (const { count, latest, timer } of this.#entries.values()) {
      timer.cancel()
      if (count > 0) this.#write(latest, count)
    }
    this.#entries.clear()
  }

  #schedule(kind: string): Timer {
    return this.#clock.schedule(() => this.#tell(kind), WINDOW)
  }

  #tell(kind: string): void {
    const entry = this.#entries.get(kind)
    if (entry === undefined) return
    if (entry.count === 0) {
      this.#entries.delete(kind)
      return
    }
    this.#write(entry.latest, entry.count)
    entry.count = 0
    entry.timer = this.#schedule(kind)
  }

  #write(line: () => Line, count: number): void {
    const { level, fields, message } = line()
    this.#logger[level]({ ...fields, count }, message)
  }
}
