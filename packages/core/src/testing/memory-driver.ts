import { ConnectionResetError } from '../errors/connection-errors.ts'
import type { Driver, DriverEvents } from '../connection/driver.ts'

/** Bytes on the way from one end of a memory pair to the other, as a socket's kernel buffers would hold them. */
const CAPACITY = 64 * 1024

/**
 * One end of a pair of drivers in memory. It behaves as a socket does: what is written is pending until the other end
 * takes it, an end follows what was written, a reset discards, and every callback comes in a turn of its own.
 */
export class MemoryDriver implements Driver {
  peer!: MemoryDriver
  pendingBytes = 0
  readonly #events: DriverEvents
  /** Written here, not yet taken by the other end. */
  #outgoing: Uint8Array[] = []
  #bytes = 0
  #outgoingEnd = false
  #flowing = false
  #scheduled = false
  #closing = false
  #closed = false
  #endDelivered = false
  #drainOwed = false

  constructor(events: DriverEvents) {
    this.#events = events
  }

  resume(): void {
    this.#flowing = true
    this.#schedule()
  }

  pause(): void {
    this.#flowing = false
  }

  write(chunks: Uint8Array[], bytes: number): void {
    if (this.#closed || this.#outgoingEnd || this.peer.#closed) return
    // Copies: what is on the way counts as drained, and its writer may use the bytes again.
    for (const chunk of chunks) this.#outgoing.push(chunk.slice())
    this.#account(bytes)
    this.peer.#schedule()
  }

  endWrite(): void {
    this.#outgoingEnd = true
    this.peer.#schedule()
    this.#later(() => this.#events.onWriteEnded())
  }

  close(): void {
    this.#closing = true
    this.#outgoingEnd = true
    this.peer.#schedule()
    this.#schedule()
  }

  reset(): void {
    if (this.#closed) return
    this.#discard()
    this.#release()
    const { peer } = this
    this.#later(() => {
      if (peer.#closed) return
      peer.#discard()
      peer.#events.onError(new ConnectionResetError())
      peer.#release()
    })
  }

  #discard(): void {
    this.#outgoing = []
    // The other end is to see a reset, and no clean end of bytes that are gone.
    this.#outgoingEnd = false
    this.#bytes = 0
    this.pendingBytes = 0
  }

  /** Bytes beyond what the pair holds in flight are pending: the writer has to wait for them. */
  #account(change: number): void {
    this.#bytes += change
    this.pendingBytes = Math.max(0, this.#bytes - CAPACITY)
    if (this.pendingBytes > 0) this.#drainOwed = true
    else if (this.#drainOwed) {
      this.#drainOwed = false
      this.#later(() => this.#events.onDrain())
    }
  }

  #schedule(): void {
    if (this.#scheduled || this.#closed) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#deliver()
    })
  }

  /** One chunk a turn, from the other end to this one's connection. */
  #deliver(): void {
    if (this.#closed) return
    const { peer } = this
    // A closing end discards its input, as a socket does, so that the other end is not held up.
    const taking = this.#flowing || this.#closing
    if (taking && peer.#outgoing.length > 0) {
      const chunk = peer.#outgoing.shift() as Uint8Array
      peer.#account(-chunk.byteLength)
      if (this.#closing) this.#schedule()
      else this.#events.onData(chunk)
      this.#schedule()
    } else if (taking && peer.#outgoingEnd && !this.#endDelivered) {
      this.#endDelivered = true
      if (!this.#closing) this.#events.onEnd()
    }
    if (this.#closing && this.pendingBytes === 0) this.#release()
  }

  #release(): void {
    if (this.#closed) return
    this.#closed = true
    this.#later(() => this.#events.onClosed())
  }

  #later(callback: () => void): void {
    setImmediate(callback)
  }
}
