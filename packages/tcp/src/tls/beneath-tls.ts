import { EventEmitter } from 'node:events'
import { Socket } from 'node:net'
import { socketOf } from '../ports/socket-of.ts'
import type { StreamHandle } from '../ports/stream-binding.ts'

/**
 * A socket that TLS is put on and nobody else will ever read or write: Node's TLS moves the bytes from handle to handle, and asks the
 * socket for its handle, to be told of its end, and to end it. A `Readable` and a `Writable` are what is dear about a socket, and
 * are left out.
 */
class BeneathTls extends EventEmitter {
  _handle: StreamHandle | null
  /** What it is over in turn: Node tells all of them of traffic. */
  readonly _parent = null
  readonly connecting = false
  readonly readableLength = 0
  readonly writableLength = 0
  allowHalfOpen = false
  destroyed = false
  onGone: (() => void) | undefined

  constructor(handle: StreamHandle) {
    super()
    this._handle = handle
  }

  destroy(): this {
    const handle = this._handle
    if (handle === null) return this
    this._handle = null
    this.destroyed = true
    handle.close(() => {
      this.emit('close', false)
      this.onGone?.()
    })
    return this
  }
}

// What is no socket Node wraps in streams of its own.
Object.setPrototypeOf(BeneathTls.prototype, Socket.prototype)

/** The newest Node whose TLS is known to ask for no more. */
const KNOWN = 26

let suffices = Number.parseInt(process.versions.node) <= KNOWN

/** A socket for a handshake to be made over, which takes the handle. */
export function beneathTls(handle: StreamHandle): Socket {
  return suffices ? (new BeneathTls(handle) as unknown as Socket) : socketOf(handle)
}

function ignore(): void {}

/** Calls back when a socket that TLS is put on is closed, whatever of. */
export function whenGone(socket: Socket, callback: () => void): void {
  if (isLean(socket)) {
    socket.onGone = callback
  } else {
    // For its whole life: a reset with nobody listening would end the process.
    socket.on('error', ignore)
    socket.on('close', callback)
  }
}

const isLean = (socket: unknown): socket is BeneathTls => socket instanceof BeneathTls

/** Node could do nothing with such a socket: whole ones are made from now on. @returns whether it was such a one. */
export function distrust(socket: Socket): boolean {
  if (!isLean(socket)) return false
  suffices = false
  return true
}
