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

/** What a {@link Handshakes} is made from. */
export interface HandshakesInit {
  /** A server of Node's that does not listen. */
  readonly engine: Server
  readonly clock: Clock
  /** In milliseconds; 0 waits without end. */
  readonly timeout: number
}

/** The handshakes under way of one server. */
export class Handshakes {
  readonly #engine: Server
  readonly #clock: Clock
  readonly #timeout: number
  readonly #pending: Map<Socket, Handshake> = new Map()

  constructor({ engine, clock, timeout }: HandshakesInit) {
    this.#engine = engine
    this.#clock = clock
    this.#timeout = timeout
    engine.on('secureConnection', (secure) => this.#take(beneath(secure))?.complete(secure))
    engine.on('tlsClientError', (cause, secure) => this.#take(beneath(secure))?.fail(cause, secure))
  }

  /** @param socket - of a connection just accepted; nothing of it has been read. It is this one's until `onSecure`. */
  begin(socket: Socket, remoteAddress: SocketAddress, events: HandshakeEvents): void {
    const handshake = new Handshake(socket, remoteAddress, events)
    this.#pending.set(socket, handshake)
    // For the socket's whole life: a reset with nobody listening would end the process.
    socket.on('error', () => {})
    // Until then an end is the end of all; what TLS has to say of it comes after the socket's own.
    socket.allowHalfOpen = false
    handshake.onClose = () => setImmediate(() => this.#take(socket)?.fail(closedError()))
    socket.on('close', handshake.onClose)
    if (this.#timeout > 0) {
      const onTimeout = (): void => this.#take(socket)?.expire(this.#timeout)
      handshake.timer = this.#clock.schedule(onTimeout, this.#timeout)
    }
    this.#engine.emit('connection', socket)
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
