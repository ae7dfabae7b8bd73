import type { BaseConnection } from '../connection/base-connection.ts'
import type { Reader } from '../connection/lease.ts'
import type { RunOptions } from './engine.ts'

/** The largest piece that goes through the stages at once, in bytes: what it expands to is what a run may overshoot by. */
const SLICE = 64 * 1024

/** Where what is read goes. */
export interface Intaker {
  /** What is read from now on is of no use: the run is over, or closing. */
  readonly deaf: boolean
  feed(slice: Uint8Array): void
  feedDatagram(datagram: Uint8Array): void
  onEnd(): void
  onError(error: Error): void
}

/** Reads a connection for a run: in slices, looking between them at whether it has to wait. */
export class Intake implements Reader<Uint8Array> {
  /** Bytes that have gone into the stages. */
  fed = 0
  readonly #connection: BaseConnection
  readonly #options: Pick<RunOptions, 'highWaterMark' | 'clock'>
  readonly #intaker: Intaker
  #holds = 0
  /** When reading went on after the last hold, by the clock; undefined where nothing ever held it. */
  #resumedAt: number | undefined

  constructor(connection: BaseConnection, options: Pick<RunOptions, 'highWaterMark' | 'clock'>, intaker: Intaker) {
    this.#connection = connection
    this.#options = options
    this.#intaker = intaker
  }

  start(): void {
    const { inbox } = this.#connection
    inbox.attach(this)
    if (this.#holds > 0) inbox.pauseFor(this)
    inbox.start()
  }

  /** Stops reading until the function it returns is called; several add up. */
  hold(): () => void {
    if (this.#holds++ === 0) this.#connection.inbox.pauseFor(this)
    let held = true
    return () => {
      if (held && --this.#holds === 0) this.#resume()
      held = false
    }
  }

  /** By the clock; undefined while something holds the reading. */
  get readingSince(): number | undefined {
    return this.#holds > 0 ? undefined : (this.#resumedAt ?? -Infinity)
  }

  #resume(): void {
    this.#resumedAt = this.#options.clock.now()
    this.#connection.inbox.resumeFor(this)
  }

  release(): void {
    this.#connection.inbox.releaseFor(this)
  }

  onItem(chunk: Uint8Array): void {
    if (this.#connection.datagram) this.#receiveDatagram(chunk)
    else this.#receiveBytes(chunk)
  }

  onEnd(): void {
    this.#intaker.onEnd()
  }

  onError(error: Error): void {
    this.#intaker.onError(error)
  }

  #receiveDatagram(datagram: Uint8Array): void {
    if (this.#intaker.deaf) return
    this.#intaker.feedDatagram(datagram)
    this.fed += datagram.length
    this.#holdWhileFull()
  }

  #receiveBytes(chunk: Uint8Array): void {
    for (let start = 0; start < chunk.length && !this.#intaker.deaf; start += SLICE) {
      if (this.#holds > 0) {
        this.#connection.unread(chunk.subarray(start))
        return
      }
      this.#receiveSlice(chunk.length <= SLICE ? chunk : chunk.subarray(start, start + SLICE))
    }
  }

  #receiveSlice(slice: Uint8Array): void {
    const before = this.#connection.bytesWritten
    this.#intaker.feed(slice)
    this.fed += slice.length
    // Only what the stages themselves answered holds the reading: a handler may well read while its peer does not.
    if (this.#connection.bytesWritten > before) this.#holdWhileFull()
  }

  #holdWhileFull(): void {
    if (this.#connection.unsentBytes < this.#options.highWaterMark) return
    this.#connection.whenDrained(this.hold())
  }
}
