import type { Sink } from 'it-stream-types'
import type { Observable } from 'rxjs'
import type { SocketAddress } from './socket-address.ts'
import type { TlsInfo } from './tls-info.ts'

/** What carries the bytes. */
export type Transport = 'tcp' | 'tls' | 'unix' | 'udp' | 'memory'

/**
 * Where a connection is in its life; docs/lifecycle.md draws the ways between.
 *
 * - `open`: both directions.
 * - `half-closed-local`: this side has ended its output; input still arrives.
 * - `half-closed-remote`: the peer has ended its output; ours may still be written.
 * - `closing`: nothing more is read or written here; what was written is on its way.
 * - `closed`: gone; {@link Duplex.closed} has settled.
 */
export type ConnectionStatus = 'open' | 'half-closed-local' | 'half-closed-remote' | 'closing' | 'closed'

/** How a connection ended. */
export interface CloseInfo {
  /** Why, where it did not end cleanly: the one error object that the face in use ended with too. */
  readonly error?: Error
  /** Who ended it first. */
  readonly initiator: 'local' | 'remote'
}

/** The facts of one connection. The byte counts are live; everything else stays as it is. */
export interface ConnectionInfo {
  /** Unique within the process, such as `tcp-17`. */
  readonly id: string
  readonly transport: Transport
  /** True where each item is one datagram and neither order nor arrival is promised. */
  readonly datagram: boolean
  readonly localAddress: SocketAddress
  readonly remoteAddress: SocketAddress
  /** What the handshake has settled, on a connection over TLS. */
  readonly tls?: TlsInfo | undefined
  /** Bytes that have arrived from the peer, those not yet read included; over TLS, what they were decrypted to. */
  readonly bytesRead: number
  /** Bytes accepted by `write`, those not yet sent included. */
  readonly bytesWritten: number
}

/** An option of every call that waits: settles the wait at once with `signal.reason`. */
export interface AbortOptions {
  readonly signal?: AbortSignal | undefined
}

/**
 * A duplex with one peer: pull it as an async iterable, pass it to it-pipe, or subscribe to it. {@link Connection} is the
 * one of bytes, `MessageConnection` the one of messages; the rules are the same.
 *
 * One reader at a time: `source` (which iterating the duplex itself is short for), `data$`, or a running pipeline. It is
 * claimed at the first `next()` or at the subscription, where a second one gets {@link ConnectionBusyError}.
 *
 * One error object, reported once: it is in {@link closed}, and the face in use ends with it: `source` throws it, `sink`
 * rejects with it, `data$` errors with it. An iteration that is cut by this side's own `close()` throws
 * {@link ConnectionClosedError}: no cut stream looks like an ended one.
 */
export interface Duplex<In, Out> extends AsyncIterable<In>, AsyncDisposable, ConnectionInfo {
  readonly status: ConnectionStatus

  /**
   * What the peer sends. Items may be kept; their owner is the reader. On a byte stream each is a non-empty chunk whose
   * boundaries mean nothing; on a datagram connection each is one datagram, an empty one included.
   *
   * `break` (that is, `return()`) releases the reader: the connection stays open and paused and nothing is lost; the next
   * reader goes on where this one stopped. `return()` settles at once, also while a `next()` is pending.
   */
  readonly source: AsyncIterable<In>

  /**
   * Writes all that a source gives, waiting where the peer is slow, then half-closes (a datagram connection, which cannot,
   * stays open). If the source throws, the connection is aborted with that error. Works unbound. The promise rejects with the
   * failure, and is marked as handled, so that `void pipe(...)` never ends the process.
   *
   * @throws {@link ConnectionBusyError} (as a rejection) while another sink is at work.
   */
  readonly sink: Sink<AsyncIterable<Out> | Iterable<Out>, Promise<void>>

  /**
   * The same items, pushed: synchronous, never buffered. Unsubscribing stops reading at once, also from an idle peer. An
   * error raised by an operator of RxJS further down ends the connection; where the subscriber has no `error` callback the
   * error is reported in {@link closed} alone.
   */
  readonly data$: Observable<In>

  /**
   * Accepts one item for sending. The bytes must not be changed until they are drained. Where four times `highWaterMark` is
   * unsent and a `highWaterMark` more was written since something was read, reading from the peer stops until all of it is sent:
   * answers cannot pile up. At `maxWriteBuffer` the connection fails.
   *
   * @returns false when the peer is behind by `highWaterMark` bytes or more (await {@link drain} before writing on), and,
   * with no effect at all, once this side has half-closed, closed or lost the connection.
   * @throws {@link InvalidOptionError} for what is no `Uint8Array` on a connection of bytes, and
   * {@link DatagramTooLargeError} for more than one datagram can carry.
   */
  write(item: Out): boolean

  /**
   * Resolves when everything written has been handed to the operating system; at once if it has been.
   *
   * @throws {@link ConnectionClosedError} after a local close; the connection's error where it failed; `signal.reason`.
   */
  drain(options?: AbortOptions): Promise<void>

  /**
   * Half-closes: ends this side's output after what was written; input goes on. Idempotent, safe after close.
   *
   * @returns resolves when the end has been handed to the operating system.
   * @throws {@link HalfCloseUnsupportedError} on a datagram connection; the connection's error, where it fails before
   * that; `signal.reason`. The rejection is marked as handled.
   */
  closeWrite(options?: AbortOptions): Promise<void>

  /**
   * Flushes what was written, ends both directions and releases the connection; input not yet read is discarded. Idempotent.
   *
   * @returns resolves when the connection is closed, cleanly or not: {@link closed} tells.
   * @throws `signal.reason`, in which case closing goes on. The rejection is marked as handled.
   */
  close(options?: AbortOptions): Promise<void>

  /**
   * Discards what is queued either way and resets the connection at once. Idempotent, safe after close.
   *
   * @param reason - becomes the connection's error as it is; what is no `Error` becomes the cause of a {@link ConnectionAbortedError}.
   */
  abort(reason?: unknown): void

  /** Settles when the connection is gone. Never rejects. */
  readonly closed: Promise<CloseInfo>

  /** Aborts when the connection is gone, its reason being the error or a {@link ConnectionClosedError}. */
  readonly signal: AbortSignal

  /** Gives an item back, in front of what is queued: the next read gets it first. Safe with and without a reader. */
  unread(item: In): void
}

/** A byte duplex with one peer: TCP, TLS or Unix socket, UDP session, or in-memory pair. */
export interface Connection extends Duplex<Uint8Array, Uint8Array> {}
