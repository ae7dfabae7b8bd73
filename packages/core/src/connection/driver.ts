import type { TlsInfo } from './tls-info.ts'
import type { UpgradeOptions } from './upgrade-options.ts'

/**
 * What moves bytes between the kernel (or a memory pair) and one connection: the part that a transport supplies.
 * `BaseConnection` does the rest: state, queues, faces, timers.
 *
 * A driver begins paused. It never throws from these methods: what fails is told to {@link DriverEvents.onError}.
 */
export interface Driver {
  /**
   * Bytes handed to {@link write} that the kernel has not taken yet; after {@link close} at least 1 until it has taken the end, where
   * that may have to wait for the peer.
   */
  readonly pendingBytes: number

  /** Deliver input by {@link DriverEvents.onData} from now on; never from within this call where the caller is not ready: always later. */
  resume(): void

  /** Deliver no more input. What cannot be held back (a datagram) may still be delivered. */
  pause(): void

  /**
   * Hands chunks on, in order, in as few system calls as may be; for a datagram driver each is one datagram. The array is the
   * driver's to keep; the chunks stay unchanged until drained.
   *
   * @param bytes - their length together.
   */
  write(chunks: Uint8Array[], bytes: number): void

  /** Half-closes after what was written, then calls {@link DriverEvents.onWriteEnded}. Never called on a datagram driver. */
  endWrite(): void

  /**
   * Ends both directions after what was written and releases everything, then calls {@link DriverEvents.onClosed}. Input that
   * still arrives is discarded, within a bound, so that the peer gets all that was written (closing a TCP socket with
   * unread input resets it: RFC 2525, 2.17).
   */
  close(): void

  /**
   * Puts TLS on the connection, behind what was written: left out by a driver that cannot. Called while it is paused. What is written
   * or ended meanwhile waits, and is done in TLS. Where it fails, {@link DriverEvents.onError} is told with the same error.
   *
   * @throws (as a rejection) {@link UpgradeError} where input in the clear has come that was not delivered: nothing has happened
   * then; and what the handshake failed with.
   */
  upgrade?(options: UpgradeOptions): Promise<TlsInfo>

  /** Discards what is queued, resets, releases everything, then calls {@link DriverEvents.onClosed}. Idempotent; it cuts {@link close} short. */
  reset(): void
}

/** What a driver tells its connection. */
export interface DriverEvents {
  /**
   * Whether chunks may be lent: whoever reads keeps nothing of one, once {@link onData} has returned, but what of it waits
   * unread or unsent. It changes while a connection lives: to be asked for each chunk.
   */
  readonly borrows: boolean
  /** Whether anything waits unread or unsent: what was lent must not be overwritten while it does. */
  readonly holdsInput: boolean
  /** What was lent will be overwritten: copies what of it waits unread, or was written and has not been given to {@link Driver.write}. */
  ownInput(): void
  /** Input arrived; the chunk is the connection's from now on, or lent where it {@link borrows}. Called at most once a turn for a stream, so that one write can answer one read. */
  onData(chunk: Uint8Array): void
  /** The peer ended its output. */
  onEnd(): void
  /** {@link Driver.pendingBytes} has come back to zero after a `write` that left it above. */
  onDrain(): void
  /** The half-close has been handed to the operating system. */
  onWriteEnded(): void
  /** The connection broke. The driver releases everything by itself and calls {@link onClosed} after. */
  onError(error: Error): void
  /** Everything is released. The last call, made once, never from within {@link Driver.close} or {@link Driver.reset}. */
  onClosed(): void
}
