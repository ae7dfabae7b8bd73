/**
 * A signal that aborts when another one does, until it is cut loose: what listens to it goes with whoever it was made for, and does
 * not stay with the other one. (`AbortSignal.any` knows no end but the abort: what it leaves behind goes when memory is collected, if then.)
 */
export class LinkedAbort {
  readonly #controller: AbortController = new AbortController()
  readonly #source: AbortSignal
  readonly #abort = (): void => this.#controller.abort(this.#source.reason)

  constructor(source: AbortSignal) {
    this.#source = source
    if (source.aborted) this.#abort()
    else source.addEventListener('abort', this.#abort)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** The signal does not abort any more. Idempotent. */
  cut(): void {
    this.#source.removeEventListener('abort', this.#abort)
  }
}
