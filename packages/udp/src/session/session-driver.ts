import type { Driver, DriverEvents, SocketAddress } from '@millrace/core'
import { droppedOutbound, type ReportDrop } from './drop.ts'
import type { Outlet } from './outlet.ts'
import type { ReplyBudget } from './reply-budget.ts'
import type { Target } from '../drivers/udp-driver.ts'

/** What a {@link SessionDriver} works with. */
export interface SessionDriverInit {
  readonly outlet: Outlet
  readonly to: Target
  readonly remoteAddress: SocketAddress
  readonly budget: ReplyBudget
  readonly report: ReportDrop
  /** Something was sent to a peer that is proven: it keeps the session. */
  readonly onSent: () => void
  /**
   * The session is over; called once, from within `close` and `reset`.
   *
   * @param flush - what was written is to go out first.
   */
  readonly onReleased: (flush: boolean) => Promise<void> | void
  /** Ask for the outcome of every send, not of a sample. */
  readonly watchAll: boolean
  /** An outcome that concerns the session, and not only that datagram. */
  readonly onSendError?: (error: Error) => void
}

/** While all goes well one send in so many is asked what became of it. */
const SAMPLE = 16
/** A datagram that does not fit one Ethernet frame is asked each time: whether it can be sent depends on the path. */
const ONE_FRAME = 1_472

/** The driver of one session: its share of a socket. */
export class SessionDriver implements Driver {
  pendingBytes = 0
  readonly #init: SessionDriverInit
  // What each datagram needs, taken out of `#init`: with many sessions an object more is a cache miss more.
  readonly #outlet: Outlet
  readonly #to: Target
  readonly #budget: ReplyBudget
  readonly #events: DriverEvents
  #over = false
  /** Nothing has been sent yet, or the last outcome was a failure: every send is asked. */
  #doubtful = true
  #unasked = 0
  /** The driver tells of every failure: none is asked. */
  readonly #told: boolean
  readonly #onOutcome: (error: Error | null) => void

  constructor(events: DriverEvents, init: SessionDriverInit) {
    this.#events = events
    this.#init = init
    this.#outlet = init.outlet
    this.#to = init.to
    this.#budget = init.budget
    this.#told = init.outlet.tellsFailures
    this.#onOutcome = (error) => {
      this.#doubtful = init.watchAll || error !== null
      if (error) init.onSendError?.(error)
    }
  }

  /** Datagrams come when they come: the listener bounds what waits unread, and drops. */
  resume(): void {}

  pause(): void {}

  write(chunks: Uint8Array[], _bytes: number): void {
    let sent = 0
    for (const chunk of chunks) if (this.#send(chunk)) sent += chunk.length
    if (this.#budget.lifted) this.#init.onSent()
    if (sent === 0 || this.#outlet.measure() === 0) return
    if (this.pendingBytes === 0) this.#outlet.whenSent(() => this.#drained())
    this.pendingBytes += sent
  }

  /** A datagram session has no half-close; its connection never asks. */
  endWrite(): void {}

  close(): void {
    this.#release(true)
  }

  reset(): void {
    this.#release(false)
  }

  /** The socket broke. */
  fail(error: Error): void {
    if (this.#over) return
    this.#events.onError(error)
    this.#release(false)
  }

  #send(chunk: Uint8Array): boolean {
    const bytes = chunk.length
    const over = this.#budget.spend(bytes)
    if (over) {
      this.#init.report(droppedOutbound(over, this.#init.remoteAddress, bytes))
      return false
    }
    const ask = !this.#told && (this.#doubtful || bytes > ONE_FRAME || ++this.#unasked >= SAMPLE)
    if (ask) this.#unasked = 0
    return this.#outlet.send(chunk, this.#to, this.#init, ask ? this.#onOutcome : undefined)
  }

  #drained(): void {
    this.pendingBytes = 0
    this.#events.onDrain()
  }

  #release(flush: boolean): void {
    if (this.#over) return
    this.#over = true
    void this.#finish(this.#init.onReleased(flush))
  }

  async #finish(released: Promise<void> | void): Promise<void> {
    await released
    this.#events.onClosed()
  }
}
