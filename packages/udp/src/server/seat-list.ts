import type { AddressKey } from '../address-key.ts'

/** A session's place in a `SessionTable`. */
export interface Seat<S> {
  readonly session: S
  /** The number under which the driver knows its peer. */
  readonly peer: number
}

/** The table's own side of a {@link Seat}. */
export class TableSeat<S> implements Seat<S> {
  session!: S
  readonly key: AddressKey
  readonly peer: number
  /** When traffic last kept it. */
  tick: number
  /** `ended` is one whose readers have got their end; it keeps its place until it is released. */
  state: 'live' | 'ended' | 'released' = 'live'
  older: TableSeat<S> | undefined
  newer: TableSeat<S> | undefined

  constructor(key: AddressKey, peer: number, tick: number) {
    this.key = key
    this.peer = peer
    this.tick = tick
  }
}

/** Seats in the order of their last traffic, linked through themselves: moving one to the end allocates nothing. */
export class SeatList<S> {
  #oldest: TableSeat<S> | undefined
  #newest: TableSeat<S> | undefined

  get oldest(): TableSeat<S> | undefined {
    return this.#oldest
  }

  append(seat: TableSeat<S>): void {
    seat.older = this.#newest
    seat.newer = undefined
    if (this.#newest) this.#newest.newer = seat
    else this.#oldest = seat
    this.#newest = seat
  }

  remove(seat: TableSeat<S>): void {
    if (seat.older) seat.older.newer = seat.newer
    else this.#oldest = seat.newer
    if (seat.newer) seat.newer.older = seat.older
    else this.#newest = seat.older
    seat.older = seat.newer = undefined
  }
}
