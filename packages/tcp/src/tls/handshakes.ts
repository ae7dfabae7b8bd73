import type { Socket } from 'node:net'
import type { Server, TLSSocket } from 'node:tls'
import {
  CertificateError,
  type Awaiting,
  type Clock,
  deadlinesOf,
  formatAddress,
  HandshakeTimeoutError,
  type SocketAddress,
  TlsError,
} from '@millrace/core'
import { distrust, whenGone } from './beneath-tls.ts'

/** One handshake to be made, and who is told of it: one of the two, once. */
export interface HandshakeInit {
  readonly remoteAddress: SocketAddress
  readonly clock: Clock
  /** In milliseconds; 0 waits without end. */
  readonly timeout: number
  /** It is complete. Called in the very callback, so that nothing has been read yet. */
  onSecure(secure: TLSSocket): void
  /** It failed, or took too long; everything is released. */
  onFailure(error: CertificateError | TlsError | HandshakeTimeoutError): void
}

const HANDSHAKE = Symbol('handshake')

/** A socket, and the handshake that is made over it. */
type Shaking = Socket & { [HANDSHAKE]?: Handshake | undefined }

/**
 * The handshakes under way of one server.
 *
 * Node holds on to a TLS socket, and to what its listeners hold on to, until old memory is collected, and collecting young memory
 * costs by what is held: so no listener here knows more than the socket that it listens to.
 */
export class Handshakes {
  readonly #engine: Server
  readonly #pending: Handshake[] = []

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
  begin(socket: Shaking, init: HandshakeInit): void {
    const handshake = new Handshake(socket, init, this)
    handshake.index = this.#pending.push(handshake) - 1
    socket[HANDSHAKE] = handshake
    // Until then an end is the end of all; what TLS has to say of it comes after the socket's own.
    socket.allowHalfOpen = false
    whenGone(socket, () => this.#onClose(socket))
    const { clock, timeout } = init
    if (timeout > 0) deadlinesOf(clock).add(handshake, clock.now() + timeout)
    try {
      this.#engine.emit('connection', socket)
    } catch (cause) {
      if (!distrust(socket)) throw cause
      this.#take(socket)?.fail(cause as Error)
    }
  }

  /** For one that takes too long. */
  expire(socket: Socket): void {
    this.#take(socket)?.expire()
  }

  /** Gives up on one, if it is under way; nobody is told. */
  cancel(socket: Socket): void {
    this.#take(socket)?.giveUp()
  }

  /** Gives up on all that are under way; nobody is told of them. */
  stop(): void {
    for (const { socket } of [...this.#pending]) this.#take(socket)?.giveUp()
  }

  #onClose(socket: Shaking): void {
    if (socket[HANDSHAKE]) setImmediate(() => this.#take(socket)?.fail(closedError()))
  }

  #take(socket: Shaking | undefined): Handshake | undefined {
    const handshake = socket?.[HANDSHAKE]
    if (socket === undefined || handshake === undefined) return undefined
    socket[HANDSHAKE] = undefined
    const last = this.#pending.pop() as Handshake
    if (last !== handshake) {
      this.#pending[handshake.index] = last
      last.index = handshake.index
    }
    return handshake
  }
}

const closedError = (): Error => Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' })

/** The socket that a TLS socket was made over. Node keeps it, and says no more of it. */
function beneath(secure: TLSSocket): Shaking | undefined {
  return (secure as { readonly _parent?: Shaking })._parent
}

class Handshake implements Awaiting {
  deadline = 0
  place = -1
  /** Among those that are under way. */
  index = 0
  readonly socket: Socket
  readonly #init: HandshakeInit
  readonly #handshakes: Handshakes

  constructor(socket: Socket, init: HandshakeInit, handshakes: Handshakes) {
    this.socket = socket
    this.#init = init
    this.#handshakes = handshakes
  }

  complete(secure: TLSSocket): void {
    deadlinesOf(this.#init.clock).remove(this)
    secure.allowHalfOpen = true
    this.#init.onSecure(secure)
  }

  fail(cause: Error, secure?: TLSSocket): void {
    const { authorizationError } = secure ?? {}
    const { remoteAddress } = this.#init
    this.#end(
      authorizationError
        ? new CertificateError(formatAddress(remoteAddress), String(authorizationError), { cause })
        : new TlsError('the TLS handshake failed', remoteAddress, { cause }),
    )
  }

  onDeadline(): void {
    this.#handshakes.expire(this.socket)
  }

  expire(): void {
    this.#end(new HandshakeTimeoutError(this.#init.timeout))
  }

  giveUp(): void {
    deadlinesOf(this.#init.clock).remove(this)
    this.socket.destroy()
  }

  #end(error: CertificateError | TlsError | HandshakeTimeoutError): void {
    this.giveUp()
    this.#init.onFailure(error)
  }
}
