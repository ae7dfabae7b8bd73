import type { Socket } from 'node:net'

/**
 * One connected stream socket as a {@link StreamDriver} uses it: it moves bytes and tells what happens, and decides
 * nothing. There are two, {@link SocketPort} on Node's `Socket` and {@link HandlePort} on the handle beneath it.
 *
 * A port begins paused, and reads on even so until one chunk has come, which it keeps: an end or a reset before any data is
 * then told while nobody reads.
 */
export interface StreamPort {
  /** Bytes handed to {@link send} that the kernel has not taken; it falls while a slow peer reads. */
  readonly queuedBytes: number
  /** Whether the peer's end has come. */
  readonly inputEnded: boolean
  /** Whether {@link end} has been called. */
  readonly ending: boolean
  /** Whether the end has been handed to the kernel. */
  readonly outputEnded: boolean
  /** Whether the end has to wait where the kernel has no room: TLS has a last word of its own. */
  readonly endWaits: boolean

  /** Deliver input from now on, never from within this call. */
  resume(): void

  /** Deliver no more, from within {@link PortEvents.onData} too. */
  pause(): void

  /**
   * Hands chunks to the kernel in as few system calls as may be; what it does not take at once waits.
   *
   * @param bytes - their length together.
   */
  send(chunks: Uint8Array[], bytes: number): void

  /** Ends the output; called once, when everything has been sent. */
  end(): void

  /** Discards what waits and resets the connection, or destroys it where it knows no reset. */
  reset(): void

  /** Releases the socket at once. Idempotent. */
  destroy(): void

  /** Whether something has been read and not been delivered. */
  readonly keeps: boolean

  /**
   * Gives the socket up, for TLS to be put on it: what it keeps is to be read from the socket. Nothing more is told. Called once, while
   * paused, when everything has been sent.
   */
  detach(): Socket
}

/** What a {@link StreamPort} tells. */
export interface PortEvents {
  /** Whether a chunk given to {@link onData} may be lent: see `DriverEvents.borrows` of core. */
  readonly borrows: boolean
  /** Whether something of what was given to {@link onData} is still in use. */
  readonly holdsInput: boolean
  /** What was lent will be overwritten now. */
  ownInput(): void
  onData(chunk: Uint8Array): void
  /** The peer's end has come. */
  onEnd(): void
  /** {@link StreamPort.queuedBytes} is zero again, after a {@link StreamPort.send} that left it above. */
  onSent(): void
  /** The end of the output has been handed over. */
  onFinish(): void
  /** The socket broke; it releases itself. */
  onError(cause: Error): void
  /** The socket is released, the last call: after an error, after `destroy`, or when both directions have ended. */
  onClose(): void
}

/**
 * Who is told when nobody is any more. V8 keeps the handle of a closed connection, and so its port, until it collects old memory:
 * whom the port told is a whole connection.
 */
export const NOBODY: PortEvents = {
  borrows: false,
  holdsInput: false,
  ownInput() {},
  onData() {},
  onEnd() {},
  onSent() {},
  onFinish() {},
  onError() {},
  onClose() {},
}
