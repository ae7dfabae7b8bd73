import type { BaseConnection } from '../connection/base-connection.ts'
import type { Timer } from '../connection/clock.ts'
import type { ConnectionInfo } from '../connection/connection.ts'
import { PluginError, type PluginPhase } from '../errors/pipeline-errors.ts'
import { Attributes } from './attributes.ts'
import { answersItself, type BuiltPlugin } from './built-pipeline.ts'
import { Chain } from './chain.ts'
import { PeerEnd } from './chain-ends.ts'
import type { Engine, RunOptions } from './engine.ts'
import { Intake, type Intaker } from './intake.ts'
import { LinkedAbort } from './linked-abort.ts'
import type { Site } from './link.ts'
import { MessageDuplex } from './message-duplex.ts'
import { RunTimers } from './run-timers.ts'

/** What a run is made of, and what its parts ask of one another. */
export abstract class RunParts {
  readonly connection: BaseConnection
  readonly options: RunOptions
  readonly intake: Intake
  readonly chain: Chain
  info: ConnectionInfo
  protected readonly answersItself: boolean
  #messages: MessageDuplex | undefined
  #attributes: Attributes | undefined
  #timers: RunTimers | undefined
  #draining: LinkedAbort | undefined

  constructor(connection: BaseConnection, plugins: readonly BuiltPlugin[], options: RunOptions) {
    const run = this as unknown as Engine & Intaker
    this.connection = connection
    this.info = connection
    this.options = options
    this.chain = new Chain(run, plugins, new PeerEnd(run))
    this.answersItself = answersItself(plugins.at(-1))
    this.intake = new Intake(connection, options, run)
  }

  abstract readonly stopped: boolean

  /** Made when somebody asks for them: where a plugin answers by itself, most connections never need any. */
  get messages(): MessageDuplex {
    if (this.#messages) return this.#messages
    const messages = (this.#messages = new MessageDuplex(this as unknown as Engine))
    if (this.stopped) messages.fail(this.connection.failure)
    return messages
  }

  get attributes(): Attributes {
    return (this.#attributes ??= new Attributes())
  }

  /** The connection's own: the server's signal would hold on to whatever ever listened to it, for as long as the server lives. */
  get draining(): AbortSignal {
    if (this.#draining) return this.#draining.signal
    this.#draining = new LinkedAbort(this.options.draining)
    if (this.connection.status === 'closed') this.#draining.cut()
    return this.#draining.signal
  }

  get maxPushBytes(): number {
    return this.options.maxPushBytes
  }

  get highWaterMark(): number {
    return this.options.highWaterMark
  }

  get lastToWrite(): string {
    return this.chain.lastToWrite
  }

  get hasAsyncStages(): boolean {
    return this.chain.hasAsyncStages
  }

  feed(slice: Uint8Array): void {
    this.chain.feed(slice)
  }

  feedDatagram(datagram: Uint8Array): void {
    this.chain.feedDatagram(datagram)
  }

  emitFromHandler(item: unknown): void {
    this.chain.enterOutbound(item)
  }

  hold(): () => void {
    return this.intake.hold()
  }

  whenWritable(): Promise<void> | undefined {
    // Where a handler writes, the wire is its affair: an asynchronous stage that waited for it could wait for itself.
    if (!this.answersItself) return this.messages.whenRoom()
    return this.whenSent()
  }

  /** Where a high-water mark or more is unsent: when all of it has been sent. */
  whenSent(): Promise<void> | undefined {
    return this.connection.unsentBytes < this.highWaterMark ? undefined : this.connection.drain()
  }

  schedule(callback: () => void, delay: number): Timer {
    return (this.#timers ??= new RunTimers(this.options.clock)).schedule(callback, delay)
  }

  toError(thrown: unknown, { plugin, direction }: Site, phase: PluginPhase): PluginError {
    if (thrown instanceof PluginError) return thrown
    const offset = direction === 'inbound' ? this.intake.fed : this.connection.bytesWritten
    return new PluginError({ plugin, direction, phase, remoteAddress: this.info.remoteAddress, offset }, thrown)
  }

  /** @param serving - a handler is at work. */
  protected messagesBusy(serving: boolean): boolean {
    return this.#messages?.busy(serving) ?? serving
  }

  protected failMessages(error: Error | undefined): void {
    this.#messages?.fail(error)
  }

  /** The connection is gone. */
  protected cutDraining(): void {
    this.#draining?.cut()
  }

  protected cancelTimers(): void {
    this.#timers?.cancelAll()
  }
}
