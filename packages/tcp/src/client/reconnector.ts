import type { AnyPipeline } from '@millrace/core'
import type { ResolvedConnectOptions } from './connect-options.ts'
import type { BackOff } from './reconnect-options.ts'
import { Succession } from './succession.ts'
import { type TcpClientConnection, TcpConnector } from './tcp-connector.ts'

/** What a {@link Reconnector} is made from. */
export interface ReconnectorInit {
  readonly connect: ResolvedConnectOptions
  readonly backOff: BackOff
  readonly pipeline: AnyPipeline | undefined
}

type Result = IteratorResult<TcpClientConnection, undefined>

const DONE: Result = Object.freeze({ done: true, value: undefined })

/** What ends a wait that nobody waits for any more; never seen outside. */
const LEFT: unique symbol = Symbol('left')

/**
 * One iteration over successive connections. Written by hand rather than as a generator, whose `return()` would wait
 * behind a pending `next()`.
 */
export class Reconnector implements AsyncIterator<TcpClientConnection, undefined> {
  readonly #init: ReconnectorInit
  #connector: TcpConnector | undefined
  #succession: Succession<TcpClientConnection> | undefined
  #queue: Promise<unknown> = Promise.resolve()
  #over = false

  constructor(init: ReconnectorInit) {
    this.#init = init
  }

  /** Calls that overlap are answered in order. */
  next(): Promise<Result> {
    const result = this.#queue.then(() => this.#next())
    this.#queue = result.catch(() => {})
    return result
  }

  /** Settles at once, also while a `next()` is pending, which then ends. */
  return(): Promise<Result> {
    this.#end()
    return Promise.resolve(DONE)
  }

  async #next(): Promise<Result> {
    if (this.#over) return DONE
    try {
      this.#succession ??= this.#begin()
      return { done: false, value: await this.#succession.next() }
    } catch (error) {
      this.#end()
      if (error === LEFT) return DONE
      throw error
    }
  }

  #begin(): Succession<TcpClientConnection> {
    const { connect, backOff, pipeline } = this.#init
    const connector = new TcpConnector(connect, pipeline)
    this.#connector = connector
    const { clock } = connector
    return new Succession({ connect: (signal) => connector.connect(signal), clock, backOff, signal: connect.signal })
  }

  #end(): void {
    if (this.#over) return
    this.#over = true
    this.#succession?.stop(LEFT)
    void this.#connector?.release()
  }
}
