/** How often silent connections are looked for, in ms. */
const LOOK = 1_000

/** What has memory of its own that it could do without. */
export interface Talker {
  /** One more {@link LOOK} has passed. @returns whether it is still to be looked at. */
  look(): boolean
}

/**
 * Looks at bulk connections once a second: one that has fallen silent is not read, so that nothing else would take its
 * memory back. The timer keeps no process running, and is there only while there are any.
 */
class Silence {
  readonly #talkers: Set<Talker> = new Set()
  #timer: NodeJS.Timeout | undefined

  watch(talker: Talker): void {
    this.#talkers.add(talker)
    this.#timer ??= setInterval(() => this.#lookAround(), LOOK).unref()
  }

  /** Idempotent. */
  forget(talker: Talker): void {
    if (!this.#talkers.delete(talker) || this.#talkers.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #lookAround(): void {
    for (const talker of [...this.#talkers]) if (!talker.look()) this.forget(talker)
  }
}

export const silence: Silence = new Silence()
