import type { Clock, SocketAddress, Timer } from '@millrace/core'
import { droppedOutbound, type ReportDrop } from './drop.ts'
import type { Target, UdpDriver } from '../drivers/udp-driver.ts'

/**
 * How often a backed-up socket is asked whether it has emptied, in ms. Nothing tells: only a callback per send would.
 */
const POLL_INTERVAL = 2

/** How long a socket that is being closed is given to send what waits, in ms. */
const FLUSH_LIMIT = 1_000

/** Whoever sends: looked at only where there is something to report. */
interface Addressed {
  readonly remoteAddress: SocketAddress
}

/**
 * The way out of one socket: bounds what waits in the process for room in the kernel. Over the bound a datagram is
 * dropped and reported, as a full router would.
 */
export class Outlet {
  readonly #driver: UdpDriver
  readonly #limit: number
  readonly #clock: Clock
  readonly #report: ReportDrop
  #queued = 0
  #waiting: (() => void)[] = []
  #timer: Timer | undefined

  /** @param limit - in bytes. */
  constructor(driver: UdpDriver, limit: number, clock: Clock, report: ReportDrop) {
    this.#driver = driver
    this.#limit = limit
    this.#clock = clock
    this.#report = report
  }

  /**
   * Sends one datagram, or drops and reports it. {@link measure} is due after the last one of a turn.
   *
   * @param session - whose address a report tells.
   * @param onSent - asks for the outcome, which costs; called once a failure has been reported. Needless where
   * {@link tellsFailures} is true.
   * @returns whether it was handed to the driver.
   */
  send(data: Uint8Array, to: Target, session: Addressed, onSent?: (error: Error | null) => void): boolean {
    const bytes = data.length
    if (this.#queued > 0 && this.measure() + bytes > this.#limit) {
      this.#report(droppedOutbound('send-queue', session.remoteAddress, bytes))
      return false
    }
    if (onSent === undefined) {
      this.#driver.send(data, to)
      return true
    }
    this.#driver.send(data, to, (error) => {
      if (error) this.reportFailure(error, session.remoteAddress, bytes)
      onSent(error)
    })
    return true
  }

  /** Whether the driver tells of every failure by itself. */
  get tellsFailures(): boolean {
    return this.#driver.tellsFailures
  }

  /** Reports a datagram that was not sent. */
  reportFailure(error: Error, remoteAddress: SocketAddress, bytes: number): void {
    const reason = (error as NodeJS.ErrnoException).code === 'EMSGSIZE' ? 'too-large' : 'send-failed'
    this.#report(droppedOutbound(reason, remoteAddress, bytes, error))
  }

  /** Bytes that the kernel has not taken. */
  measure(): number {
    return (this.#queued = this.#driver.queuedBytes)
  }

  /** Calls back once, when nothing waits. */
  whenSent(callback: () => void): void {
    this.#waiting.push(callback)
    this.#arm()
  }

  /** Resolves when nothing waits, or what waits has not gone out for {@link FLUSH_LIMIT}. */
  async flush(): Promise<void> {
    this.#driver.flush()
    if (this.measure() > 0) {
      await new Promise<void>((resolve) => {
        const limit = this.#clock.schedule(resolve, FLUSH_LIMIT)
        this.whenSent(() => {
          limit.cancel()
          resolve()
        })
      })
    }
    this.#timer?.cancel()
  }

  #arm(): void {
    this.#timer ??= this.#clock.schedule(() => this.#poll(), POLL_INTERVAL)
  }

  #poll(): void {
    this.#timer = undefined
    if (this.measure() > 0) return this.#arm()
    const callbacks = this.#waiting
    this.#waiting = []
    for (const callback of callbacks) callback()
  }
}
