import type { Clock, DropReason, Timer } from '@millrace/core'
import type { AddressKey } from '../address-key.ts'
import { type Seat, SeatList, TableSeat } from './seat-list.ts'
import { TokenBucket } from './token-bucket.ts'

/** The bounds of a {@link SessionTable}. */
export interface SessionLimits {
  /** Sessions at a time. */
  readonly maxSessions: number
  /** Sessions at a time with one address, whatever their ports. */
  readonly maxSessionsPerAddress: number
  /** Sessions begun in a second. */
  readonly maxNewSessionsPerSecond: number
  /** A session without traffic for this long ends, in ms; 0 never. */
  readonly sessionIdleTimeout: number
}

/** Ends sessions for a {@link SessionTable}. */
export interface SessionEnds<S> {
  /** The idle timeout is over: the session's readers get their end, and it may still say a last word. */
  onIdle(session: S): void
  /**
   * The session must go now, by giving its seat back before this returns: a new one needs its place, or a whole idle
   * timeout after its end it was still there.
   */
  onEvict(session: S): void
}

/** Into how many ticks an idle timeout is cut: a session ends at most a twentieth of the timeout late. */
const TICKS = 20

/**
 * The sessions of one socket by peer.
 *
 * One timer serves them all. It counts ticks; traffic stamps a seat with the current tick, so that a datagram costs
 * neither a timer nor a look at the clock. Seats are linked in the order of their stamps: the idle ones are found from
 * the old end.
 *
 * A full table makes room by evicting the session that was idle the longest, if that is more than half the idle
 * timeout: a flood of forged peers can never push out one that is at work.
 */
export class SessionTable<S> {
  readonly #limits: SessionLimits
  readonly #clock: Clock
  readonly #ends: SessionEnds<S>
  readonly #bucket: TokenBucket
  /** By the numbers of their peers: those whose next datagram is theirs. */
  readonly #byPeer: (TableSeat<S> | undefined)[] = []
  /** Seats of each address that are not released, those included that have ended. */
  readonly #byAddress: Map<AddressKey, number> = new Map()
  readonly #tickLength: number
  readonly #idleTicks: number
  readonly #order: SeatList<S> = new SeatList()
  #tick = 0
  #size = 0
  #timer: Timer | undefined

  constructor(limits: SessionLimits, clock: Clock, ends: SessionEnds<S>) {
    this.#limits = limits
    this.#clock = clock
    this.#ends = ends
    this.#bucket = new TokenBucket(limits.maxNewSessionsPerSecond, clock)
    const { sessionIdleTimeout } = limits
    this.#tickLength = Math.max(1, sessionIdleTimeout / TICKS)
    this.#idleTicks = sessionIdleTimeout === 0 ? Infinity : Math.ceil(sessionIdleTimeout / this.#tickLength)
  }

  /** Sessions that hold a seat, those included that have ended and are not released. */
  get size(): number {
    return this.#size
  }

  /** The live session of a peer, by the peer's number; nobody has number 0. */
  find(peer: number): Seat<S> | undefined {
    return this.#byPeer[peer]
  }

  /**
   * Asks the bounds for one more session and counts it against `maxNewSessionsPerSecond`; in a full table, makes room.
   *
   * @returns the bound that does not allow it, or undefined where {@link add} may follow.
   */
  refuse(key: AddressKey): DropReason | undefined {
    const { maxSessions, maxSessionsPerAddress } = this.#limits
    if ((this.#byAddress.get(key) ?? 0) >= maxSessionsPerAddress) return 'maxSessionsPerAddress'
    const full = this.#size >= maxSessions
    if (full && !this.#isIdleFor(this.#order.oldest, this.#idleTicks / 2)) return 'maxSessions'
    if (!this.#bucket.take()) return 'maxNewSessionsPerSecond'
    if (full && this.#order.oldest) this.#ends.onEvict(this.#order.oldest.session)
    return undefined
  }

  /**
   * @param key - of the peer's address.
   * @param peer - the peer's number, for as long as the seat is not released.
   * @param create - makes the session; its seat is its own by the time this returns.
   */
  add(key: AddressKey, peer: number, create: (seat: Seat<S>) => S): Seat<S> {
    const seat = new TableSeat<S>(key, peer, this.#tick)
    seat.session = create(seat)
    this.#byAddress.set(key, (this.#byAddress.get(key) ?? 0) + 1)
    this.#byPeer[peer] = seat
    this.#size++
    this.#order.append(seat)
    this.#arm()
    return seat
  }

  /** Traffic that keeps the session. */
  touch(given: Seat<S>): void {
    const seat = given as TableSeat<S>
    if (seat.tick === this.#tick || seat.state !== 'live') return
    seat.tick = this.#tick
    this.#order.remove(seat)
    this.#order.append(seat)
  }

  /** The session is gone. Idempotent. */
  release(given: Seat<S>): void {
    const seat = given as TableSeat<S>
    if (seat.state === 'released') return
    this.#leavePeer(seat)
    seat.state = 'released'
    this.#order.remove(seat)
    this.#size--
    const seats = (this.#byAddress.get(seat.key) ?? 0) - 1
    if (seats > 0) this.#byAddress.set(seat.key, seats)
    else this.#byAddress.delete(seat.key)
    if (this.#size === 0) this.stop()
  }

  /** Stops the timer. */
  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #isIdleFor(seat: TableSeat<S> | undefined, ticks: number): boolean {
    return seat !== undefined && this.#tick - seat.tick > ticks
  }

  /** From now on a datagram of this peer begins another session. */
  #leavePeer(seat: TableSeat<S>): void {
    if (this.#byPeer[seat.peer] === seat) this.#byPeer[seat.peer] = undefined
  }

  #arm(): void {
    if (this.#timer || this.#idleTicks === Infinity) return
    this.#timer = this.#clock.schedule(() => this.#sweep(), this.#tickLength)
  }

  #sweep(): void {
    this.#timer = undefined
    this.#tick++
    let seat = this.#order.oldest
    while (this.#isIdleFor(seat, this.#idleTicks)) {
      const next: TableSeat<S> | undefined = (seat as TableSeat<S>).newer
      this.#expire(seat as TableSeat<S>)
      seat = next?.state === 'released' ? this.#order.oldest : next
    }
    if (this.#size > 0) this.#arm()
  }

  #expire(seat: TableSeat<S>): void {
    if (seat.state === 'live') {
      this.#leavePeer(seat)
      seat.state = 'ended'
      this.#ends.onIdle(seat.session)
    } else if (this.#isIdleFor(seat, 2 * this.#idleTicks)) {
      this.#ends.onEvict(seat.session)
    }
  }
}
