import type { Socket } from 'node:dgram'
import { getSystemErrorName } from 'node:util'
import { CONNECTED, type PeerAddress, type Target } from './udp-driver.ts'

/** What Node hands to its C++ side with each send. */
interface SendRequest {
  /** Keeps the bytes alive while the kernel has not taken them. */
  list?: Uint8Array[]
  oncomplete?: (errno: number) => void
}

type SendRequestClass = new () => SendRequest

/** The C++ side of a socket, as far as it is used here. It answers 0 (later), the bytes and one (sent), or an errno. */
interface UdpHandle {
  send(request: SendRequest, list: Uint8Array[], count: number, hasCallback: boolean): number
  send(
    request: SendRequest,
    list: Uint8Array[],
    count: number,
    port: number,
    address: string,
    hasCallback: boolean,
  ): number
}

type OnFailed = (to: Target, bytes: number, error: Error) => void

const isHandle = (value: unknown): value is UdpHandle => typeof (value as UdpHandle | undefined)?.send === 'function'

/** Learnt from the first socket. */
let requestClass: SendRequestClass | undefined

/**
 * Sends through the C++ side of a socket of Node's. `socket.send` makes a request object for each datagram, which is
 * needed only where the kernel does not take it at once; this makes one when the last is in use. The side effect is that
 * every failure shows at once, so that nobody has to ask for it.
 *
 * Paired against `socket.send`, a session for each peer, 64 B and 1200 B: see docs/udp-drivers.md.
 */
export class DirectSend {
  /** Bytes that the kernel has not taken yet. */
  pendingBytes = 0
  readonly #handle: UdpHandle
  readonly #create: SendRequestClass
  readonly #onFailed: OnFailed
  #list: Uint8Array[] = []
  #request: SendRequest | undefined

  private constructor(handle: UdpHandle, create: SendRequestClass, onFailed: OnFailed) {
    this.#handle = handle
    this.#create = create
    this.#onFailed = onFailed
  }

  /**
   * The way for a bound socket, or undefined where Node is not built as it was (20 to 26): then `socket.send` serves. None
   * of this is a public interface.
   *
   * @param onFailed - called later, for each datagram that the system would not send.
   */
  static of(socket: Socket, onFailed: OnFailed): DirectSend | undefined {
    const state = Object.getOwnPropertySymbols(socket).find(({ description }) => description === 'state symbol')
    const handle = state && (socket as unknown as Record<symbol, { handle?: unknown } | undefined>)[state]?.handle
    if (!isHandle(handle)) return undefined
    requestClass ??= requestClassOf(socket, handle)
    return requestClass && new DirectSend(handle, requestClass, onFailed)
  }

  /** @param to - what `onFailed` is told. */
  send(data: Uint8Array, to: Target, { address, port }: PeerAddress): void {
    this.#settle(this.#handle.send(this.#ready(), this.#fill(data), 1, port, address, true), data, to)
  }

  /** To the peer of a connected socket. */
  sendConnected(data: Uint8Array): void {
    this.#settle(this.#handle.send(this.#ready(), this.#fill(data), 1, true), data, CONNECTED)
  }

  #ready(): SendRequest {
    return (this.#request ??= new this.#create())
  }

  #fill(data: Uint8Array): Uint8Array[] {
    this.#list[0] = data
    return this.#list
  }

  #settle(result: number, data: Uint8Array, to: Target): void {
    if (result > 0) return
    const bytes = data.length
    const fail = (errno: number): void => this.#onFailed(to, bytes, sendError(errno))
    if (result < 0) return process.nextTick(fail, result)
    const request = this.#ready()
    this.pendingBytes += bytes
    request.list = this.#list
    request.oncomplete = (errno) => {
      this.pendingBytes -= bytes
      if (errno < 0) fail(errno)
    }
    this.#list = []
    this.#request = undefined
  }
}

/** Lets Node make a request, by a send that does not reach the kernel. */
function requestClassOf(socket: Socket, handle: UdpHandle): SendRequestClass | undefined {
  const original = handle.send
  let found: SendRequestClass | undefined
  handle.send = (request: SendRequest) => {
    found = request.constructor as SendRequestClass
    return 1
  }
  const { address, port } = socket.address()
  try {
    socket.send(new Uint8Array(0), port, address)
  } finally {
    handle.send = original
  }
  return found
}

function sendError(errno: number): NodeJS.ErrnoException {
  const code = getSystemErrorName(errno)
  return Object.assign(new Error(`send ${code}`), { errno, code, syscall: 'send' })
}
