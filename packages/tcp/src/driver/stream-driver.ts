import {
  type Clock,
  ConnectionClosedError,
  type Driver,
  type DriverEvents,
  plaintextBehind,
  type SocketAddress,
  type Timer,
  type TlsInfo,
  UpgradeError,
  type UpgradeOptions,
} from '@millrace/core'
import { failureOf } from './failure-of.ts'
import type { PortEvents, StreamPort } from '../ports/stream-port.ts'
import { toHandshake, type UpgradeInit } from '../tls/upgrade.ts'
import { Upgrading } from './upgrading.ts'

/** How long a closed connection waits for more input before it is released, in ms. */
export const LINGER_QUIET = 500
/** How long a closed connection goes on discarding input at most, in ms, however much still arrives. */
export const LINGER_MOST = 5_000

/** What a {@link StreamDriver} is made from. */
export interface StreamDriverInit {
  /** Makes the port, which is the driver's alone from then on. */
  readonly createPort: (events: PortEvents) => StreamPort
  readonly remoteAddress: SocketAddress
  readonly clock: Clock
  /** For {@link StreamDriver.upgrade}; without it there is none. */
  readonly upgrade?: UpgradeInit | undefined
}

/**
 * Moves the bytes of one TCP, TLS or Unix socket.
 *
 * Reading is pushed: what the socket reads goes to {@link DriverEvents.onData} in the same callback.
 *
 * {@link close} sends what was written and a FIN, then discards input until the peer's FIN, 500 ms without input, or
 * 5 s in all: a socket closed with unread input sends a reset instead, which can destroy what the peer has not read yet
 * (RFC 2525, 2.17; RFC 1122, 4.2.2.13).
 *
 * {@link reset} resets a TCP connection. A Unix socket knows no reset: there the peer sees a clean end.
 */
export class StreamDriver implements Driver, PortEvents {
  #port: StreamPort
  readonly #events: DriverEvents
  readonly #remoteAddress: SocketAddress
  readonly #clock: Clock
  readonly #upgradeInit: UpgradeInit | undefined
  /** There while the connection is being upgraded. */
  #upgrading: Upgrading | undefined
  #phase: 'open' | 'closing' | 'resetting' | 'gone' = 'open'
  #behind = false
  #endWanted = false
  #failed = false
  #lingers = true
  #lastInput = 0
  #lingerTimer: Timer | undefined

  constructor({ createPort, remoteAddress, clock, upgrade }: StreamDriverInit, events: DriverEvents) {
    this.#events = events
    this.#remoteAddress = remoteAddress
    this.#clock = clock
    this.#upgradeInit = upgrade
    this.#port = createPort(this)
  }

  get pendingBytes(): number {
    const bytes = this.#port.queuedBytes + (this.#upgrading?.held.bytes ?? 0)
    return bytes === 0 && this.#phase === 'closing' && this.#endIsUnsent ? 1 : bytes
  }

  /** The peer may have left no room for it. */
  get #endIsUnsent(): boolean {
    return this.#port.endWaits && !this.#port.outputEnded
  }

  get borrows(): boolean {
    return this.#phase === 'open' && this.#events.borrows
  }

  get holdsInput(): boolean {
    return this.#events.holdsInput
  }

  ownInput(): void {
    this.#events.ownInput()
  }

  resume(): void {
    if (this.#phase === 'open' && !this.#upgrading) this.#port.resume()
  }

  pause(): void {
    if (this.#phase === 'open' && !this.#upgrading) this.#port.pause()
  }

  write(chunks: Uint8Array[], bytes: number): void {
    if (this.#phase !== 'open') return
    if (this.#upgrading) {
      this.#behind = true
      return this.#upgrading.held.push(chunks, bytes)
    }
    this.#port.send(chunks, bytes)
    if (this.#port.queuedBytes > 0) this.#behind = true
  }

  endWrite(): void {
    this.#endWanted = true
    this.#endWhenSent()
  }

  close(): void {
    if (this.#phase !== 'open') return
    if (this.#upgrading) {
      this.#upgrading.held.closes = true
      return
    }
    this.#phase = 'closing'
    this.#lastInput = this.#clock.now()
    this.#port.resume()
    if (this.#port.outputEnded) this.#linger()
    else this.endWrite()
  }

  /**
   * {@link close} releases the socket with the FIN from now on: for a connection that was turned away and may cost
   * nothing.
   */
  skipLinger(): void {
    this.#lingers = false
  }

  reset(): void {
    if (this.#phase === 'resetting' || this.#phase === 'gone') return
    this.#phase = 'resetting'
    this.#lingerTimer?.cancel()
    if (this.#upgrading?.giveUp) this.#upgrading.cancel(new ConnectionClosedError(), () => this.onClose())
    else this.#port.reset()
  }

  async upgrade(options: UpgradeOptions): Promise<TlsInfo> {
    const init = this.#upgradeInit
    if (init === undefined) throw new UpgradeError('unsupported', 'this connection cannot be upgraded')
    if (this.#port.keeps) throw plaintextBehind()
    const begin = toHandshake(options)
    const upgrading = new Upgrading(begin, {
      init,
      clock: this.#clock,
      remoteAddress: this.#remoteAddress,
      onPort: (createPort) => this.#continueOn(createPort),
      onFailure: (error) => this.#failUpgrade(error),
    })
    this.#upgrading = upgrading
    if (this.#port.queuedBytes === 0) upgrading.begin(this.#port)
    return upgrading.done
  }

  onData(chunk: Uint8Array): void {
    if (this.#phase === 'open') this.#events.onData(chunk)
    else this.#lastInput = this.#clock.now()
  }

  onSent(): void {
    if (this.#phase === 'resetting' || this.#phase === 'gone' || this.#failed) return
    // In the very call, so that nothing more goes out in the clear.
    if (this.#upgrading) return this.#upgrading.begin(this.#port)
    if (this.#behind) {
      this.#behind = false
      this.#events.onDrain()
    }
    this.#endWhenSent()
  }

  onEnd(): void {
    if (this.#phase === 'open') this.#events.onEnd()
  }

  onFinish(): void {
    if (this.#phase === 'gone' || this.#phase === 'resetting') return
    this.#events.onWriteEnded()
    if (this.#phase === 'closing') this.#linger()
  }

  onError(cause: Error): void {
    // When closing, what breaks after the last byte went out is nobody's loss.
    const lost = this.#phase === 'open' || (this.#phase === 'closing' && this.#behind && !this.#port.outputEnded)
    if (lost && !this.#failed) this.#fail(cause)
  }

  onClose(): void {
    const complete = this.#port.inputEnded && this.#port.outputEnded
    if (this.#phase === 'open' && !complete && !this.#failed) this.#fail()
    this.#phase = 'gone'
    this.#lingerTimer?.cancel()
    this.#upgrading?.fail(new ConnectionClosedError())
    this.#events.onClosed()
  }

  /** The handshake is complete: what was written meanwhile goes out in TLS. */
  #continueOn(createPort: (events: PortEvents) => StreamPort): void {
    const { held } = this.#upgrading as Upgrading
    this.#upgrading = undefined
    this.#port = createPort(this)
    if (held.bytes > 0) this.#port.send(held.chunks, held.bytes)
    this.#endWhenSent()
    if (held.closes) this.close()
  }

  /** The socket has gone with the handshake. */
  #failUpgrade(error: Error): void {
    this.#upgrading = undefined
    const wanted = this.#phase === 'open'
    this.#failed = true
    if (wanted) this.#events.onError(error)
    this.#phase = 'gone'
    this.#events.onClosed()
  }

  /** Ends only what has been sent whole, so that until then a reset is still possible. */
  #endWhenSent(): void {
    if (this.#endWanted && !this.#upgrading && this.#port.queuedBytes === 0 && !this.#port.ending) this.#port.end()
  }

  #fail(cause?: Error): void {
    this.#failed = true
    this.#events.onError(failureOf(cause, this.#remoteAddress))
  }

  /** The FIN is out. Where the peer's has come too the port releases itself. */
  #linger(): void {
    if (this.#port.inputEnded) return
    if (this.#lingers) this.#lingerUntil(this.#clock.now() + LINGER_MOST)
    else this.#port.destroy()
  }

  #lingerUntil(deadline: number): void {
    const now = this.#clock.now()
    const rest = Math.min(deadline, this.#lastInput + LINGER_QUIET) - now
    if (rest <= 0) this.#port.destroy()
    else this.#lingerTimer = this.#clock.schedule(() => this.#lingerUntil(deadline), rest)
  }
}
