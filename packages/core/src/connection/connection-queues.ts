import { ConnectionFacts } from './connection-facts.ts'
import type { ConnectionInit } from './connection-init.ts'
import type { ConnectionLimits } from './connection-options.ts'
import type { Driver, DriverEvents } from './driver.ts'
import { own } from './feed.ts'
import { Inbox } from './inbox.ts'
import { Outbox } from './outbox.ts'
import { ReadBrake } from './read-brake.ts'

const lengthOf = (chunk: Uint8Array): number => chunk.length

/** What waits on a connection, either way, and the driver that it waits for. */
export abstract class ConnectionQueues extends ConnectionFacts {
  readonly inbox: Inbox<Uint8Array>
  protected readonly driver: Driver
  protected readonly outbox: Outbox
  protected readonly limits: ConnectionLimits
  #readBrake: ReadBrake | undefined

  constructor(init: ConnectionInit) {
    super(init)
    const { highWaterMark } = init.limits
    this.limits = init.limits
    this.driver = init.createDriver(this as unknown as DriverEvents)
    this.inbox = new Inbox(this.driver, highWaterMark, lengthOf)
    this.outbox = new Outbox(this.driver, highWaterMark, this.datagram)
  }

  /** Made when a write first meets the high-water mark: most connections never need it. */
  protected get readBrake(): ReadBrake {
    if (this.#readBrake) return this.#readBrake
    const brake = (this.#readBrake = new ReadBrake(this.driver, this.inbox.flowing))
    this.inbox.reroute(brake)
    return brake
  }

  /** Unsent bytes at which a further write fails the connection. */
  get maxWriteBuffer(): number {
    return this.limits.maxWriteBuffer
  }

  /** Bytes that have arrived and nobody has read. */
  get queuedBytes(): number {
    return this.inbox.bytes
  }

  /** Chunks, or datagrams, that have arrived and nobody has read. */
  get queuedItems(): number {
    return this.inbox.length
  }

  /** Bytes that were written and the kernel has not taken. */
  get unsentBytes(): number {
    return this.outbox.level
  }

  get holdsInput(): boolean {
    return this.outbox.level > 0 || this.inbox.length > 0
  }

  ownInput(): void {
    if (this.inbox.length > 0) this.inbox.replace(own)
    // Answers to what the kernel has made room for meanwhile go out at the end of the turn; those of a connection that is upgraded, later.
    this.outbox.own()
  }

  /** Writes go out together when the callback has returned, rather than at the end of the turn. */
  batch(callback: () => void): void {
    this.outbox.batch(callback)
  }

  /** Calls back once, when everything written has been handed over. Not called when the connection ends before. */
  whenDrained(callback: () => void): void {
    this.outbox.whenEmpty(callback)
  }

  /** Sends what was written, and holds back what is written from now on until the function it returns is called, once. */
  holdWrites(): () => void {
    this.outbox.flush()
    this.outbox.cork()
    return () => this.outbox.uncork()
  }
}
