import type { Observable } from 'rxjs'
import type { AbortOptions } from '../connection/connection.ts'
import type { SocketAddress } from '../connection/socket-address.ts'
import type { DropReason, RefusalReason, ServerEvent } from './events.ts'

/** Where a server is in its life. */
export type ServerStatus = 'new' | 'listening' | 'draining' | 'closed'

/** What has happened so far; each only grows. */
export interface ServerCounters {
  readonly accepted: number
  readonly refused: number
  readonly refusedFor: Readonly<Partial<Record<RefusalReason, number>>>
  /** Connections that ended with an error. */
  readonly failed: number
  /** Datagrams whose rest was dropped for a `FrameError`. */
  readonly framesDropped: number
  readonly datagramsDropped: number
  readonly datagramsDroppedFor: Readonly<Partial<Record<DropReason, number>>>
}

/** How a server ended. */
export interface ServerCloseInfo {
  /** Connections that `drainTimeout` or `abort` cut off while they were at work. */
  readonly cutOff: number
}

/**
 * Listens, accepts, runs the pipeline on each connection, drains.
 *
 * Without a pipeline it is itself the sequence of its connections, with a bounded backlog (`acceptBacklog`); a connection that
 * nobody takes in time is refused. With one, iterating throws {@link ServerBusyError}, as does a second iteration.
 *
 * @typeParam C - `Connection` without a pipeline, else the `MessageConnection` at the pipeline's end.
 * @typeParam L - the options of `listen`.
 */
export interface Server<C, L> extends AsyncIterable<C>, AsyncDisposable {
  readonly status: ServerStatus
  /** Where it listens; undefined before `listen` and after closing. */
  readonly address: SocketAddress | undefined
  /** Those that are open now. With a pipeline, writing to one passes its encoders. */
  readonly connections: ReadonlySet<C>
  /** Each connection as it is accepted; completes when the server is closed. Does not replay. */
  readonly connections$: Observable<C>
  /** Everything that happens; completes when the server is closed. Does not replay. */
  readonly events$: Observable<ServerEvent>
  readonly counters: ServerCounters
  /** Settles when the server is closed and everything is released. Never rejects. */
  readonly closed: Promise<ServerCloseInfo>

  /**
   * Begins to listen.
   *
   * @returns the server itself, listening.
   * @throws {@link ListenError} where the address cannot be had; {@link ServerStateError} unless the server is new;
   * {@link InvalidOptionError}; `signal.reason`, in which case nothing listens.
   */
  listen(options?: L): Promise<this>

  /**
   * Drains: stops accepting, closes what is idle (nothing queued, no handler at work, no byte either way for 250 ms), lets work
   * finish, and cuts off what is left after `drainTimeout`. Idempotent.
   *
   * @returns resolves when the server is closed.
   * @throws `signal.reason`, at once; draining goes on.
   */
  close(options?: AbortOptions): Promise<void>

  /** Ends at once: resets every connection. Idempotent. */
  abort(reason?: unknown): void
}
