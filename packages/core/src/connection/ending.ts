import { ConnectionClosedError } from '../errors/connection-errors.ts'
import type { CloseInfo } from './connection.ts'
import { type Deferred, deferred, ignoreRejection } from './promises.ts'

/**
 * How a connection ends, and everyone who waits for it. What nobody asks for is not made: an idle connection carries neither
 * promises nor an abort controller.
 */
export class Ending {
  #info: CloseInfo | undefined
  #settled = false
  #closed: Deferred<CloseInfo> | undefined
  #writeEnded: Deferred<void> | undefined
  #writeHasEnded = false
  #controller: AbortController | undefined

  get error(): Error | undefined {
    return this.#info?.error
  }

  get info(): CloseInfo {
    return this.#info ?? { initiator: 'local' }
  }

  get closed(): Promise<CloseInfo> {
    this.#closed ??= deferred()
    if (this.#settled) this.#closed.resolve(this.info)
    return this.#closed.promise
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#settled && !this.#controller.signal.aborted) this.#controller.abort(this.#reason())
    return this.#controller.signal
  }

  /** Resolves when the half-close has been handed over, rejects where the connection fails before. */
  get writeEnded(): Promise<void> {
    this.#writeEnded ??= deferred()
    this.#answer(this.#writeEnded, this.#writeHasEnded)
    return ignoreRejection(this.#writeEnded.promise)
  }

  /** The end has begun. The first word counts, but a failure while flushing replaces a clean end. */
  begin(info: CloseInfo): void {
    if (this.#info === undefined) this.#info = info
    else if (info.error && !this.#info.error) this.#info = { ...this.#info, error: info.error }
  }

  settleWriteEnded(): void {
    this.#writeHasEnded = true
    this.#writeEnded?.resolve()
  }

  /** The connection is gone. */
  settle(): void {
    this.#settled = true
    this.#closed?.resolve(this.info)
    if (this.#writeEnded) this.#answer(this.#writeEnded, this.#writeHasEnded)
    this.#controller?.abort(this.#reason())
  }

  #answer(waiting: Deferred<void>, done: boolean): void {
    if (done) waiting.resolve()
    else if (!this.#settled) return
    else if (this.error) waiting.reject(this.error)
    else waiting.resolve()
  }

  #reason(): Error {
    return this.error ?? new ConnectionClosedError()
  }
}
