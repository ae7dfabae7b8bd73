import { CertificateError, type Clock, ConnectError, ConnectTimeoutError } from '@millrace/core'
import type { BackOff } from './reconnect-options.ts'

/** What a {@link Succession} asks of a connection. */
interface Ending {
  readonly closed: Promise<unknown>
  abort(reason?: unknown): void
}

/** What may be otherwise the next time. */
const PASSING = [ConnectError, ConnectTimeoutError, CertificateError] as const

/** What a {@link Succession} is made from. */
export interface SuccessionInit<C extends Ending> {
  readonly connect: (signal: AbortSignal) => Promise<C>
  readonly clock: Clock
  readonly backOff: BackOff
  readonly signal: AbortSignal | undefined
}

/** Connections one after another: each when the one before has gone, with a wait in between. */
export class Succession<C extends Ending> {
  readonly #init: SuccessionInit<C>
  readonly #stop: AbortController = new AbortController()
  readonly #onAbort = (): void => this.stop(this.#init.signal?.reason)
  #current: C | undefined
  /** How long it lived, in ms, once it has gone. */
  #lived = 0
  /** How often the longest wait has doubled; undefined before the first attempt, which does not wait. */
  #level: number | undefined
  #failures = 0

  constructor(init: SuccessionInit<C>) {
    this.#init = init
    if (init.signal?.aborted) this.#onAbort()
    else init.signal?.addEventListener('abort', this.#onAbort)
  }

  /**
   * Waits for the last connection to go, and makes the next.
   *
   * @throws what {@link stop} was given; the last error when `maxAttempts` have failed in a row; what is no matter of
   * trying again.
   */
  async next(): Promise<C> {
    try {
      await this.#untilGone()
      for (;;) {
        await this.#backOff()
        const connection = await this.#tryOnce()
        if (connection !== undefined) return connection
      }
    } catch (error) {
      this.stop(error)
      throw error
    }
  }

  /** Makes no more; ends a wait that is under way. The last connection is left alone. Idempotent. */
  stop(reason: unknown): void {
    this.#init.signal?.removeEventListener('abort', this.#onAbort)
    this.#stop.abort(reason)
  }

  async #untilGone(): Promise<void> {
    if (this.#current === undefined) return
    await this.#unlessStopped(this.#current.closed)
    this.#current = undefined
    if (this.#lived >= this.#init.backOff.resetAfter) this.#level = 0
  }

  async #backOff(): Promise<void> {
    this.#stop.signal.throwIfAborted()
    if (this.#level === undefined) {
      this.#level = 0
      return
    }
    const { clock, backOff } = this.#init
    const longest = Math.min(backOff.maxDelay, backOff.initialDelay * 2 ** this.#level++)
    let elapsed = (): void => {}
    const wait = new Promise<void>((resolve) => (elapsed = resolve))
    const timer = clock.schedule(elapsed, Math.floor(longest * backOff.random()))
    await this.#unlessStopped(wait).finally(() => timer.cancel())
  }

  async #tryOnce(): Promise<C | undefined> {
    try {
      const connection = await this.#init.connect(this.#stop.signal)
      if (this.#stop.signal.aborted) {
        // Stopped between the connection and this line: nobody would ever hold it.
        connection.abort(this.#stop.signal.reason)
        throw this.#stop.signal.reason
      }
      this.#hold(connection)
      return connection
    } catch (error) {
      if (!PASSING.some((kind) => error instanceof kind) || ++this.#failures >= this.#init.backOff.maxAttempts) throw error
      return undefined
    }
  }

  #hold(connection: C): void {
    this.#current = connection
    this.#failures = 0
    const { clock } = this.#init
    const connectedAt = clock.now()
    // Noted when it goes: the holder may ask for the next one much later.
    void connection.closed.then(() => (this.#lived = clock.now() - connectedAt))
  }

  /** One listener, taken off again: a race against a promise that outlives it would leak. */
  #unlessStopped<T>(promise: Promise<T>): Promise<T> {
    const { signal } = this.#stop
    signal.throwIfAborted()
    return new Promise((resolve, reject) => {
      const onStop = (): void => reject(signal.reason)
      signal.addEventListener('abort', onStop)
      promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onStop))
    })
  }
}
