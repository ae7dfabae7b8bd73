import {
  BaseConnection,
  type Clock,
  type ConnectionInfo,
  type ConnectionLimits,
  DatagramTooLargeError,
  type Driver,
  type DriverEvents,
  type SocketAddress,
} from '@millrace/core'
import { maxDatagramBytes } from './datagram.ts'
import { droppedInbound, type ReportDrop } from './drop.ts'
import type { ReplyBudget } from './reply-budget.ts'

/** What a {@link UdpSession} is made from. */
export interface UdpSessionInit {
  readonly localAddress: SocketAddress
  readonly remoteAddress: SocketAddress
  readonly limits: ConnectionLimits
  readonly maxSessionQueue: number
  readonly clock: Clock
  readonly budget: ReplyBudget
  readonly report: ReportDrop
  readonly createDriver: (events: DriverEvents) => Driver
}

/** Datagrams of a session that wait as they came, in memory that they may share with those of others and keep all of. */
const MOST_IN_SHARED_MEMORY = 4

const sessions: Map<string, UdpSession> = new Map()

/**
 * The session under a connection as a plugin or a handler sees it.
 *
 * @returns undefined where it is not one over UDP, where it is gone, and in stateless serving, which has no sessions.
 *
 * @example
 * const prover = definePlugin({
 *   name: 'prover',
 *   open: ({ connection }) => ({ inbound: { push: (frame, emit) => {
 *     if (isAnswerToOurChallenge(frame)) udpSessionOf(connection)?.prove()
 *     emit(frame)
 *   } } }),
 * })
 */
export function udpSessionOf({ id }: Pick<ConnectionInfo, 'id'>): UdpSession | undefined {
  return sessions.get(id)
}

/**
 * A connection with one UDP peer. Each item read is one datagram of the peer's, each item written is one to it; empty
 * ones are items too. Neither order nor arrival is promised either way.
 *
 * A server ends a session, cleanly, when the peer has sent nothing for `sessionIdleTimeout`.
 */
export class UdpSession extends BaseConnection {
  readonly #budget: ReplyBudget
  readonly #report: ReportDrop
  readonly #maxQueue: number
  readonly #maxQueuedBytes: number
  readonly #maxDatagramBytes: number

  /** @internal */
  constructor(init: UdpSessionInit) {
    const { localAddress, remoteAddress, limits, clock, createDriver } = init
    super({ transport: 'udp', datagram: true, localAddress, remoteAddress, limits, clock, createDriver })
    this.#budget = init.budget
    this.#report = init.report
    this.#maxQueue = init.maxSessionQueue
    this.#maxQueuedBytes = limits.highWaterMark
    this.#maxDatagramBytes = maxDatagramBytes(remoteAddress)
    sessions.set(this.id, this)
  }

  /**
   * Whether the peer is known to be where its datagrams claim to come from. Always true on a client, which chose it.
   */
  get proven(): boolean {
    return this.#budget.lifted
  }

  /**
   * Tells that the peer has proven its address: it has sent back something that was sent to it and that nobody else can
   * know, say. Lifts `maxReplyRatio` and `maxReplyDatagrams`, and what is written keeps the session from now on.
   * Idempotent. {@link udpSessionOf} gives a plugin or a handler its session.
   */
  prove(): void {
    this.#budget.lift()
  }

  /**
   * Accepts one datagram for sending.
   *
   * @throws {@link DatagramTooLargeError} for more bytes than one can carry: 65,507 over IPv4, 65,527 over IPv6. At the
   * end of a pipeline such an item is dropped, counted and reported instead; a `sink` fails the session with it.
   */
  override write(chunk: Uint8Array): boolean {
    if (chunk instanceof Uint8Array && chunk.length > this.#maxDatagramBytes && this.#isWritable) {
      throw new DatagramTooLargeError(chunk.length, this.#maxDatagramBytes)
    }
    return super.write(chunk)
  }

  /**
   * Takes one datagram of the peer's, or drops it where too much waits unread.
   *
   * @param isRetry - whoever reads has had the time to: what waits still, waits.
   * @returns `again` where it has done neither, for its reader may not have come to its turn yet.
   *
   * @internal
   */
  receive(data: Uint8Array, isRetry = true): 'next' | 'again' {
    const queued = this.queuedItems
    const isFull = queued > 0 && (queued >= this.#maxQueue || this.queuedBytes + data.length > this.#maxQueuedBytes)
    if (isFull && !isRetry && this.inbox.claimed) return 'again'
    this.#budget.credit(data.length)
    if (isFull) this.#report(droppedInbound('session-queue', this.remoteAddress, data.length))
    else this.onData(queued >= MOST_IN_SHARED_MEMORY && isSmallPart(data) ? Buffer.from(data) : data)
    return 'next'
  }

  /**
   * Whether nothing of what it has received is kept: whoever reads keeps nothing, and nothing waits.
   *
   * @internal
   */
  get keepsNothing(): boolean {
    return this.borrows && !this.holdsInput
  }

  /** @internal */
  override onClosed(): void {
    sessions.delete(this.id)
    super.onClosed()
  }

  get #isWritable(): boolean {
    return this.status === 'open' || this.status === 'half-closed-remote'
  }
}

function isSmallPart(data: Uint8Array): boolean {
  return data.length < data.buffer.byteLength / 2
}
