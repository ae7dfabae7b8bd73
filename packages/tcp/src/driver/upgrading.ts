import type { Socket } from 'node:net'
import type { Clock, SocketAddress, TlsInfo } from '@millrace/core'
import { HeldOutput } from './held-output.ts'
import { securePort } from '../tls/secure-port.ts'
import type { PortEvents, StreamPort } from '../ports/stream-port.ts'
import { tlsInfoOf } from '../tls/tls-info.ts'
import type { BeginHandshake, UpgradeInit } from '../tls/upgrade.ts'

/** What an {@link Upgrading} needs of its driver. */
export interface UpgradingInit {
  readonly init: UpgradeInit
  readonly clock: Clock
  readonly remoteAddress: SocketAddress
  /** In the very callback in which the handshake is complete. */
  onPort(createPort: (events: PortEvents) => StreamPort): void
  /** The socket is released. */
  onFailure(error: Error): void
}

/** A connection between its two ports: from the wish for TLS to the end of the handshake. */
export class Upgrading {
  readonly done: Promise<TlsInfo>
  readonly held: HeldOutput = new HeldOutput()
  /** There once the old port is given up. */
  giveUp: (() => void) | undefined
  #socket: Socket | undefined
  readonly #begin: BeginHandshake
  readonly #init: UpgradingInit
  #resolve!: (info: TlsInfo) => void
  #reject!: (error: Error) => void

  constructor(begin: BeginHandshake, init: UpgradingInit) {
    this.#begin = begin
    this.#init = init
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    // Who asked is told; nobody has to be.
    this.done.catch(() => {})
  }

  /** Everything written in the clear has been sent. */
  begin(port: StreamPort): void {
    if (this.giveUp) return
    const { remoteAddress, clock, init } = this.#init
    const socket = port.detach()
    this.#socket = socket
    this.giveUp = this.#begin(socket, {
      remoteAddress,
      clock,
      host: init.host,
      onSecure: (secure) => {
        const { binding, resets } = init
        const info = tlsInfoOf(secure, true)
        this.#init.onPort((events) => securePort({ secure, beneath: socket, resets, binding }, events))
        this.#resolve(info)
      },
      onFailure: (error) => this.#end(socket, error),
    })
  }

  /** The connection was given up by this side. @param onClosed - the socket is released. */
  cancel(error: Error, onClosed: () => void): void {
    this.giveUp?.()
    this.fail(error)
    if (this.#socket) whenClosed(this.#socket, onClosed)
  }

  /** The connection has gone. */
  fail(error: Error): void {
    this.#reject(error)
  }

  #end(socket: Socket, error: Error): void {
    this.#reject(error)
    whenClosed(socket, () => this.#init.onFailure(error))
  }
}

function whenClosed(socket: Socket, callback: () => void): void {
  if (socket.closed) process.nextTick(callback)
  else socket.once('close', callback)
}
