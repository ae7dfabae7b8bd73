import { type Clock, DatagramTooLargeError, type SocketAddress } from '@millrace/core'
import { peerAddress } from '../address-key.ts'
import { type Datagram, maxDatagramBytes } from '../session/datagram.ts'
import { droppedOutbound, type Report } from '../session/drop.ts'
import type { Outlet } from '../session/outlet.ts'
import { ReplyBudget } from '../session/reply-budget.ts'
import type { PeerAddress } from '../drivers/udp-driver.ts'

/** Serves datagrams by one set of stages for all peers. */
export interface StatelessService {
  /** Whether every answer has been given. */
  readonly idle: boolean
  receive(data: Uint8Array, remoteAddress: SocketAddress): void
  close(): void
  /** {@link close} of a service that is cut off. */
  abort(): void
}

/** Makes the service of one socket; it answers a datagram by `send` with the very `remoteAddress` that came with it. */
export type StatelessServe = (
  localAddress: SocketAddress,
  send: (chunk: Uint8Array, remoteAddress: SocketAddress) => void,
  report: Report,
) => StatelessService

/** What a {@link StatelessPort} is made from. */
export interface StatelessPortInit {
  readonly localAddress: SocketAddress
  readonly outlet: Outlet
  readonly maxReplyRatio: number
  readonly maxReplyDatagrams: number
  readonly report: Report
}

/** The sender of one datagram, and what may be answered to it. The object itself ties an answer to its datagram. */
class Asker implements SocketAddress {
  readonly address: string
  readonly port: number
  readonly family: SocketAddress['family']
  readonly to: PeerAddress
  readonly budget: ReplyBudget

  constructor(to: PeerAddress, budget: ReplyBudget) {
    const { address, port, family } = peerAddress(to.address, to.port)
    this.address = address
    this.port = port
    this.family = family
    this.to = to
    this.budget = budget
  }
}

/** How often work in hand is looked at while the server drains, in ms. */
const LOOK = 20

const noOutcome = (): void => {}

/**
 * A socket without sessions: no peer is remembered, so each datagram has a reply budget of its own and no peer is ever
 * proven.
 */
export class StatelessPort {
  readonly #init: StatelessPortInit
  readonly #service: StatelessService
  #closed = false

  constructor(init: StatelessPortInit, serve: StatelessServe) {
    this.#init = init
    const send = (chunk: Uint8Array, remoteAddress: SocketAddress): void => this.#send({ data: chunk, remoteAddress })
    this.#service = serve(init.localAddress, send, init.report)
  }

  receive(data: Uint8Array, from: PeerAddress): void {
    const budget = new ReplyBudget(this.#init.maxReplyRatio, this.#init.maxReplyDatagrams)
    budget.credit(data.length)
    this.#service.receive(data, new Asker(from, budget))
  }

  /** Resolves when every answer has been given, at the latest after `limit` ms; 0 waits without end. */
  async finish(limit: number, clock: Clock): Promise<void> {
    const deadline = limit === 0 ? Infinity : clock.now() + limit
    while (!this.#service.idle && !this.#closed && clock.now() < deadline) {
      await new Promise<void>((resolve) => clock.schedule(resolve, LOOK))
    }
  }

  /** Answers nothing more. Idempotent. */
  close(): void {
    this.#closed = true
    this.#service.close()
  }

  /** {@link close} where the server is cut off, which the stages are told. Idempotent. */
  abort(): void {
    this.#closed = true
    this.#service.abort()
  }

  #send({ data, remoteAddress }: Datagram): void {
    if (!(remoteAddress instanceof Asker)) throw new TypeError('an answer goes to the sender of a datagram')
    const bytes = data.length
    const { outlet, report } = this.#init
    const limit = maxDatagramBytes(remoteAddress)
    if (bytes > limit) {
      report(droppedOutbound('too-large', remoteAddress, bytes, new DatagramTooLargeError(bytes, limit)))
      return
    }
    const over = remoteAddress.budget.spend(bytes)
    if (over) return report(droppedOutbound(over, remoteAddress, bytes))
    // Peers come and go here: no send tells how the next one will fare, so each is asked where the driver does not tell.
    outlet.send(data, remoteAddress.to, { remoteAddress }, outlet.tellsFailures ? undefined : noOutcome)
    outlet.measure()
  }
}
