import type { Socket } from 'node:net'
import { constants } from 'node:os'
import type { TLSSocket } from 'node:tls'
import { ConnectionTruncatedError } from '@millrace/core'
import { resetBehindEnd } from '../ports/descriptor.ts'
import { type HandleKind, kindOf } from '../ports/handle-kind.ts'
import { isStreamHandle, type StreamBinding, type StreamHandle } from '../ports/stream-binding.ts'
import { systemError } from '../ports/system-error.ts'

/**
 * The handle beneath a `TLSSocket` whose handshake is complete, and the one of the socket beneath that; undefined where they
 * are not what they were.
 */
export function tlsHandleOf(secure: TLSSocket, beneath: Socket, binding: StreamBinding): TlsHandle | undefined {
  const inner = handleOf(secure)
  const outer = handleOf(beneath)
  if (!isStreamHandle(inner) || !isStreamHandle(outer)) return undefined
  return new TlsHandle(secure, { inner, outer }, binding)
}

const resetError = (): Error => systemError(-constants.errno.ECONNRESET, 'read')
/** A request of Node's, which tells that it is complete. */
interface Completing {
  oncomplete: (status: number) => void
}

/** How a request ended within the call that made it: so TLS tells of a socket that broke before, and of nothing else. */
let early = 0
function noteEarly(status: number): void {
  early = status
}

const NOTHING = new Uint8Array(0)

function ignore(): void {}

const handleOf = (socket: Socket): unknown => (socket as { readonly _handle?: unknown })._handle

/**
 * What is read and written here is in the clear; Node encrypts it on its way, natively. The `TLSSocket` is left to hold the
 * session, to tell what breaks it, and to be destroyed.
 *
 * No read brings more than one record, 16 KiB (RFC 8446, 5.1).
 */
export class TlsHandle implements StreamHandle {
  /** Left out on a Unix socket, which knows no reset. */
  readonly reset: ((callback: () => void) => number) | undefined
  onbreak: (cause: Error) => void = ignore
  readonly #secure: TLSSocket
  readonly #binding: StreamBinding
  readonly #inner: StreamHandle
  readonly #kind: HandleKind
  readonly #outer: StreamHandle
  /** Whether libuv says that it reads already, where it does: without that no end can be told from another. */
  readonly #tellsReading: boolean
  /** The handshake has been reading. */
  #reading = true
  #ending = false
  /** The turn of the handshake is over, and with it what the handshake has still to say. */
  #settled = false

  constructor(secure: TLSSocket, { inner, outer }: Record<'inner' | 'outer', StreamHandle>, binding: StreamBinding) {
    this.#secure = secure
    this.#binding = binding
    this.#inner = inner
    this.#kind = kindOf(inner)
    this.#outer = outer
    this.#tellsReading = outer.readStart() !== 0
    if (outer.reset) this.reset = this.#reset
    secure.on('error', (cause) => this.onbreak(cause))
    setImmediate(() => this.#checkHandshake())
  }

  get fd(): number {
    return this.#outer.fd
  }

  get writeQueueSize(): number {
    return this.#kind.queued.call(this.#inner)
  }

  get onread(): StreamHandle['onread'] {
    return this.#inner.onread
  }

  set onread(onRead: StreamHandle['onread']) {
    this.#inner.onread = onRead
  }

  useUserBuffer(memory: Uint8Array): void {
    this.#kind.useUserBuffer.call(this.#inner, memory)
  }

  readStart(): number {
    if (this.#reading) return 0
    this.#reading = true
    return this.#kind.readStart.call(this.#inner)
  }

  readStop(): number {
    this.#reading = false
    return this.#kind.readStop.call(this.#inner)
  }

  writeBuffer(request: object, chunk: Uint8Array): number {
    ;(request as Completing).oncomplete = noteEarly
    early = 0
    const status = this.#kind.writeBuffer.call(this.#inner, request, chunk)
    return status === 0 ? early : status
  }

  writev(request: object, chunks: readonly Uint8Array[], allBuffers: true): number {
    // Of several pieces Node would make one, in memory of its own, before it encrypts them.
    const whole = inOnePiece(chunks)
    if (whole) return this.writeBuffer(request, whole)
    ;(request as Completing).oncomplete = noteEarly
    early = 0
    const status = this.#kind.writev.call(this.#inner, request, chunks, allBuffers)
    return status === 0 ? early : status
  }

  /** Sends a `close_notify`, then a FIN. */
  shutdown(request: object): number {
    this.#ending = true
    this.#whenQuiet(() => {
      const status = this.#secure.destroyed ? 0 : this.#kind.shutdown.call(this.#inner, request)
      if (status < 0) (request as Completing).oncomplete(status)
    })
    return 0
  }

  /**
   * While something that TLS itself has to say is under way, such as session tickets, Node would send the FIN alone. Once the turn
   * of the handshake is over it is seen in the queue; an empty write is complete when that is.
   */
  #whenQuiet(then: () => void): void {
    if (!this.#settled) return void setImmediate(() => this.#whenQuiet(then))
    if (this.#secure.destroyed || this.writeQueueSize === 0) return then()
    const { WriteWrap, streamBaseState, kLastWriteWasAsync } = this.#binding
    const request = new WriteWrap() as Completing
    request.oncomplete = then
    const status = this.#kind.writeBuffer.call(this.#inner, request, NOTHING)
    if (status < 0 || !streamBaseState[kLastWriteWasAsync]) then()
  }

  close(callback: () => void): void {
    // Node holds on to its socket for longer than to what it was for.
    this.onbreak = ignore
    this.#whenClosed(callback)
    this.#secure.destroy()
  }

  /**
   * Asked when the input has ended. libuv stops reading by itself at a FIN, and not for a `close_notify`, which is data to it:
   * so what reading on answers tells which of the two it was. Node itself shows no difference. What ends while nothing is read
   * stood in what was read before.
   */
  endError(): Error | undefined {
    if (!this.#tellsReading || !this.#reading || this.#outer.readStart() !== 0) return undefined
    this.#outer.readStop()
    return resetBehindEnd(this.fd) ?? (this.#isReset() ? resetError() : new ConnectionTruncatedError())
  }

  /** What TLS itself wrote may have been answered by a reset, and have taken the error; a socket that is reset has no peer. */
  #isReset(): boolean {
    return !this.#ending && this.#outer.getpeername !== undefined && this.#outer.getpeername({}) !== 0
  }

  /**
   * Where the last words of the handshake met a reset, Node tells nobody, and completes no later write. They are still queued then, and
   * a socket that is reset has no peer.
   */
  #checkHandshake(): void {
    this.#settled = true
    if (!this.#secure.destroyed && this.writeQueueSize > 0 && this.#isReset()) this.onbreak(resetError())
  }

  /** Where Node would close the handle beneath it is reset, and all that hangs on it goes the same way. */
  #reset(callback: () => void): number {
    const outer = this.#outer
    const close = outer.close.bind(outer)
    outer.close = (closed) => {
      if (outer.reset?.(closed) !== 0) close(closed)
    }
    this.close(callback)
    return 0
  }

  #whenClosed(callback: () => void): void {
    if (this.#secure.closed) process.nextTick(callback)
    else this.#secure.once('close', callback)
  }
}

/** The same bytes as one, where the chunks lie one behind the other in the same memory. */
function inOnePiece(chunks: readonly Uint8Array[]): Uint8Array | undefined {
  const [{ buffer, byteOffset: start }] = chunks as [Uint8Array]
  let end = start
  for (const chunk of chunks) {
    if (chunk.buffer !== buffer || chunk.byteOffset !== end) return undefined
    end += chunk.length
  }
  return new Uint8Array(buffer, start, end - start)
}
