import { type Clock, ConnectionClosedError, type MessageConnection, RequestLimitError, RequestTimeoutError } from '@millrace/core'

/** What the requests of one connection are told apart by, and keep to. */
export interface PendingOptions<Out, In, Id> {
  readonly idOf: (message: In) => Id | undefined
  readonly withId: (message: Out, id: Id) => Out
  readonly nextId: () => Id
  readonly maxInFlight: number
  readonly clock: Clock
  /** Takes what is no answer to anything that waits. */
  readonly onUnmatched: (message: In) => void
}

/** One request's own bounds. */
interface Wait {
  /** In ms. */
  readonly timeout: number
  readonly signal: AbortSignal | undefined
}

interface Waiting<In> {
  resolve(answer: In): void
  reject(error: unknown): void
}

/** The requests of one connection that wait for their answers. It is the connection's reader, up to its end. */
export class PendingRequests<Out, In, Id> {
  readonly #connection: MessageConnection<In, Out>
  readonly #options: PendingOptions<Out, In, Id>
  readonly #waiting: Map<Id, Waiting<In>> = new Map()
  #ended: Error | undefined

  /** @param onEnd - called once when nothing more can be asked here. */
  constructor(connection: MessageConnection<In, Out>, options: PendingOptions<Out, In, Id>, onEnd: () => void) {
    this.#connection = connection
    this.#options = options
    const end = (error: Error): void => {
      onEnd()
      this.#end(error)
    }
    connection.data$.subscribe({
      next: (message) => this.#receive(message),
      error: end,
      complete: () => end(new ConnectionClosedError('the connection ended before the answer came')),
    })
  }

  /** Whether nothing more can be asked here. */
  get ended(): boolean {
    return this.#ended !== undefined
  }

  get size(): number {
    return this.#waiting.size
  }

  async request(message: Out, { timeout, signal }: Wait): Promise<In> {
    if (signal?.aborted) throw signal.reason
    if (this.#ended) throw this.#ended
    const id = this.#freeId()
    const request = this.#options.withId(message, id)
    return new Promise((resolve, reject) => {
      const timer = this.#options.clock.schedule(() => settle(() => reject(new RequestTimeoutError(timeout))), timeout)
      const onAbort = (): void => settle(() => reject(signal?.reason as Error))
      const settle = (how: () => void): void => {
        timer.cancel()
        signal?.removeEventListener('abort', onAbort)
        this.#waiting.delete(id)
        how()
      }
      signal?.addEventListener('abort', onAbort)
      // Before it is written: the answer may come while it is.
      this.#waiting.set(id, {
        resolve: (answer) => settle(() => resolve(answer)),
        reject: (error) => settle(() => reject(error as Error)),
      })
      this.#write(request, id)
    })
  }

  #write(request: Out, id: Id): void {
    try {
      const { status } = this.#connection
      if (status !== 'open' && status !== 'half-closed-remote') throw new ConnectionClosedError()
      this.#connection.write(request)
    } catch (error) {
      this.#waiting.get(id)?.reject(error)
    }
  }

  /** @throws {@link RequestLimitError} */
  #freeId(): Id {
    const { maxInFlight, nextId } = this.#options
    if (this.#waiting.size >= maxInFlight) throw new RequestLimitError(maxInFlight)
    // One of so many different ones is free.
    for (let tries = 0; tries <= this.#waiting.size; tries++) {
      const id = nextId()
      if (!this.#waiting.has(id)) return id
    }
    throw new RequestLimitError(this.#waiting.size)
  }

  #receive(message: In): void {
    try {
      const id = this.#options.idOf(message)
      const waiting = id === undefined ? undefined : this.#waiting.get(id)
      if (waiting) waiting.resolve(message)
      else this.#options.onUnmatched(message)
    } catch (error) {
      this.#connection.abort(error)
    }
  }

  #end(error: Error): void {
    this.#ended = error
    for (const waiting of [...this.#waiting.values()]) waiting.reject(error)
  }
}
