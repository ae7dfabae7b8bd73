import type { Socket } from 'node:net'
import type { Server, TLSSocket } from 'node:tls'
import {
  CertificateError,
  type Clock,
  formatAddress,
  HandshakeTimeoutError,
  type SocketAddress,
  type Timer,
  TlsError,
} from '@millrace/core'

/** What is told of a handshake: one of the two, once. */
export interface HandshakeEvents {
  /** It is complete. Called in the very callback, so that nothing has been read yet. */
  onSecure(secure: TLSSocket): void
  /** It failed, or took too long; everything is released. */
  onFailure(error: CertificateError | TlsError | HandshakeTimeoutError): void
}

/** One handshake to be made. */
export interface HandshakeInit extends HandshakeEvents {
  readonly remoteAddress: SocketAddress
  readonly clock: Clock
  /** In milliseconds; 0 waits without end. */
  readonly timeout: number
}

/** The handshakes under way of one server. */
export class Handshakes {
  readonly #engine: Server
  readonly #pending: Map<Socket, Handshake> = new Map()

  /** Whether clients are asked for a certificate. */
  readonly asks: boolean

  /** @param engine - a server of Node's that does not listen. */
  constructor(engine: Server, asks = false) {
    this.#engine = engine
    this.asks = asks
    engine.on('secureConnection', (secure) => this.#take(beneath(secure))?.complete(secure))
    engine.on('tlsClientError', (cause, secure) => this.#take(beneath(secure))?.fail(cause, secure))
  }

  /** @param socket - connected; nothing of it has been delivered. It is this one's until `onSecure`. */
  begin(socket: Socket, { remoteAddress, clock, timeout, ...events }: HandshakeInit): void {
    const handshake = new Handshake(socket, remoteAddress, events)
    this.#pending.set(socket, handshake)
    // For the socket's whole life: a reset with nobody listening would end the process.
    socket.on('error', () => {})
    // Until then an end is the end of all; what TLS has to say of it comes after the socket's own.
    socket.allowHalfOpen = false
    handshake.onClose = () => setImmediate(() => this.#take(socket)?.fail(closedError()))
    socket.on('close', handshake.onClose)
    if (timeout > 0) handshake.timer = clock.schedule(() => this.#take(socket)?.expire(timeout), timeout)
    this.#engine.emit('connection', socket)
  }

  /** Gives up on one, if it is under way; nobody is told. */
  cancel(socket: Socket): void {
    this.#take(socket)?.giveUp()
  }

  /** Gives up on all that are under way; nobody is told of them. */
  stop(): void {
    for (const socket of [...this.#pending.keys()]) this.#take(socket)?.giveUp()
  }

  #take(socket: Socket | undefined): Handshake | undefined {
    const handshake = socket && this.#pending.get(socket)
    if (socket) this.#pending.delete(socket)
    return handshake
  }
}

const closedError = (): Error => Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' })

/** The socket that a TLS socket was made over. Node keeps it, and says no more of it. */
function beneath(secure: TLSSocket): Socket | undefined {
  return (secure as { readonly _parent?: Socket })._parent
}

class Handshake {
  timer: Timer | undefined
  onClose: () => void = () => {}
  readonly #socket: Socket
  readonly #remoteAddress: SocketAddress
  readonly #events: HandshakeEvents

  constructor(socket: Socket, remoteAddress: SocketAddress, events: HandshakeEvents) {
    this.#socket = socket
    this.#remoteAddress = remoteAddress
    this.#events = events
  }

  complete(secure: TLSSocket): void {
    this.#settle()
    secure.allowHalfOpen = true
    this.#events.onSecure(secure)
  }

  fail(cause: Error, secure?: TLSSocket): void {
    const { authorizationError } = secure ?? {}
    const address = this.#remoteAddress
    this.#end(
      authorizationError
        ? new CertificateError(formatAddress(address), String(authorizationError), { cause })
        : new TlsError('the TLS handshake failed', address, { cause }),
    )
  }

  expire(timeout: number): void {
    this.#end(new HandshakeTimeoutError(timeout))
  }

  giveUp(): void {
    this.#settle()
    this.#socket.destroy()
  }

  #end(error: CertificateError | TlsError | HandshakeTimeoutError): void {
    this.giveUp()
    this.#events.onFailure(error)
  }

  #settle(): void {
    this.timer?.cancel()
    this.#socket.off('close', this.onClose)
  }
}
