import { type Deferred, deferred } from '../connection/promises.ts'
import { ServerBusyError } from '../errors/server-errors.ts'

/** Accepted connections that wait to be iterated, within a bound. */
export class AcceptQueue<C> {
  readonly #limit: number
  #waiting: C[] = []
  #next: Deferred<IteratorResult<C, undefined>> | undefined
  #iterated = false
  #ended = false

  constructor(limit: number) {
    this.#limit = limit
  }

  /** @returns false where there is no room. */
  offer(connection: C): boolean {
    if (this.#next) {
      this.#next.resolve({ done: false, value: connection })
      this.#next = undefined
      return true
    }
    if (this.#waiting.length >= this.#limit) return false
    this.#waiting.push(connection)
    return true
  }

  /** A connection that ended before anyone took it. */
  withdraw(connection: C): void {
    this.#waiting = this.#waiting.filter((waiting) => waiting !== connection)
  }

  /** No more will come: iteration ends after those that wait. */
  end(): void {
    this.#ended = true
    this.#next?.resolve({ done: true, value: undefined })
    this.#next = undefined
  }

  /** @throws {@link ServerBusyError} for a second iteration while the first goes on. */
  iterate(): AsyncIterator<C, undefined> {
    if (this.#iterated) throw new ServerBusyError('the server is being iterated already')
    this.#iterated = true
    return {
      next: () => this.#take(),
      return: () => {
        this.#iterated = false
        this.#next?.resolve({ done: true, value: undefined })
        this.#next = undefined
        return Promise.resolve({ done: true, value: undefined })
      },
    }
  }

  #take(): Promise<IteratorResult<C, undefined>> {
    const connection = this.#waiting.shift()
    if (connection !== undefined) return Promise.resolve({ done: false, value: connection })
    if (this.#ended) return Promise.resolve({ done: true, value: undefined })
    this.#next ??= deferred()
    return this.#next.promise
  }
}
