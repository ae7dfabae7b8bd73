import type { Observable } from 'rxjs'
import { ConnectionBusyError } from '../errors/connection-errors.ts'
import { createObservable } from '../rx/connection-observable.ts'
import type {
  AbortOptions,
  CloseInfo,
  ConnectionInfo,
  ConnectionStatus,
  Duplex,
  Transport,
} from './connection.ts'
import { type Feed, FEED, type Feeding, own, type PushedReader } from './feed.ts'
import type { Inbox } from './inbox.ts'
import { ignoreRejection } from './promises.ts'
import { pump } from './sink.ts'
import type { SocketAddress } from './socket-address.ts'
import { CONNECTION, createSource, feedFrom, tagWithConnection } from './source.ts'
import type { TlsInfo } from './tls-info.ts'

/** In one object, which a connection that a pipeline reads does without. */
interface MadeFaces<In, Out> {
  sink?: Duplex<In, Out>['sink']
  source?: AsyncIterable<In> & Feeding<In>
  data$?: Observable<In>
}

/** The pulled and the pushed face of an inbox, and the sink, for any duplex. Each is made when it is first asked for. */
export abstract class DuplexFaces<In, Out> implements Duplex<In, Out>, Feeding<In> {
  /** Set by a reader that keeps nothing of a chunk but what waits unread or unsent: what is read may be lent to it. */
  borrows = false
  #sinking = false
  #faces: MadeFaces<In, Out> | undefined

  abstract readonly id: string
  abstract readonly transport: Transport
  abstract readonly datagram: boolean
  abstract readonly localAddress: SocketAddress
  abstract readonly remoteAddress: SocketAddress
  abstract readonly tls: TlsInfo | undefined
  abstract readonly bytesRead: number
  abstract readonly bytesWritten: number
  abstract readonly status: ConnectionStatus
  abstract readonly closed: Promise<CloseInfo>
  abstract readonly signal: AbortSignal
  /** What has arrived and is not read yet. For the engine. */
  abstract readonly inbox: Inbox<In>

  /** Whether a sink is at work. */
  get sinking(): boolean {
    return this.#sinking
  }

  /** What is read from the duplex itself, rather than from its `source`, is read from this connection too. */
  get [CONNECTION](): ConnectionInfo {
    return this
  }

  abstract write(item: Out): boolean
  abstract drain(options?: AbortOptions): Promise<void>
  abstract closeWrite(options?: AbortOptions): Promise<void>
  abstract close(options?: AbortOptions): Promise<void>
  abstract abort(reason?: unknown): void

  get #made(): MadeFaces<In, Out> {
    return (this.#faces ??= {})
  }

  get source(): AsyncIterable<In> {
    return (this.#made.source ??= tagWithConnection({ ...createSource(this.inbox), [FEED]: (reader) => this[FEED](reader) }, this))
  }

  get data$(): Observable<In> {
    return (this.#made.data$ ??= createObservable(this.inbox, this))
  }

  get sink(): Duplex<In, Out>['sink'] {
    return (this.#made.sink ??= (source) => ignoreRejection(this.#pump(source)))
  }

  /** The source of a sink has failed with this. */
  endForSource(error: unknown): void {
    this.abort(error)
  }

  unread(item: In): void {
    this.inbox.unread(item)
  }

  [Symbol.asyncIterator](): AsyncIterator<In> {
    return this.source[Symbol.asyncIterator]()
  }

  [FEED](reader: PushedReader<In>): Feed {
    const given = feedFrom(this.inbox, reader)
    if (reader.borrowsFor !== this) return given
    const giveBack = this.borrow()
    const release = (): void => {
      given.release()
      giveBack()
    }
    return { pause: () => given.pause(), resume: () => given.resume(), release }
  }

  /**
   * What is read may be lent, until the function that this returns is called (idempotent): for a reader that has claimed the
   * inbox, and keeps nothing of an item but what waits unread or unsent.
   */
  borrow(): () => void {
    this.borrows = true
    let borrowed = true
    return () => {
      if (!borrowed) return
      borrowed = false
      this.borrows = false
      // The next reader may keep what it gets.
      this.inbox.replace(own)
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #pump(source: AsyncIterable<Out> | Iterable<Out>): Promise<void> {
    if (this.#sinking) throw new ConnectionBusyError('the connection already has a sink at work')
    this.#sinking = true
    try {
      await pump(source, this)
    } finally {
      this.#sinking = false
      // A session whose input is over has no other end than its last word.
      if (this.datagram && this.status === 'half-closed-remote') void this.close()
    }
  }
}
