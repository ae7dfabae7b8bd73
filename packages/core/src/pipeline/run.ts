import type { BaseConnection } from '../connection/base-connection.ts'
import type { ConnectionUser } from '../connection/connection-roles.ts'
import type { CloseInfo, ConnectionInfo } from '../connection/connection.ts'
import type { Timer } from '../connection/clock.ts'
import { type Deferred, deferred, ignoreRejection } from '../connection/promises.ts'
import { FrameError } from '../errors/frame-errors.ts'
import { PluginError, type PluginPhase } from '../errors/pipeline-errors.ts'
import { Attributes } from './attributes.ts'
import { Chain } from './chain.ts'
import { PeerEnd } from './chain-ends.ts'
import type { Engine, RunOptions, ServedMessages } from './engine.ts'
import { Intake, type Intaker } from './intake.ts'
import type { Entry, Segment, Site } from './link.ts'
import { MessageDuplex } from './message-duplex.ts'
import { answersItself, type BuiltPlugin } from './built-pipeline.ts'
import type { ProceedChanges } from './plugin.ts'
import { RunTimers } from './run-timers.ts'
import { changedInfo } from './changed-info.ts'
import { upgradeRun } from './upgrade-run.ts'

/**
 * The plugins at work on one connection: reads it, feeds the inbound chain, writes what comes out of the outbound chain, and
 * ends the connection when the stages, or the handler, have had their last word.
 */
export class Run implements Engine, Intaker, ConnectionUser {
  readonly connection: BaseConnection
  readonly options: RunOptions
  readonly messages: MessageDuplex
  readonly intake: Intake
  readonly chain: Chain
  info: ConnectionInfo
  stopped = false
  readonly #answersItself: boolean
  #attributes: Attributes | undefined
  #outputOver: Deferred<void> | undefined
  #timers: RunTimers | undefined
  #serving = false
  #inputEnded = false
  #released: CloseInfo | undefined
  #outputEnded: 'no' | 'ending' | 'ended' = 'no'
  #closing = false
  #linger: Timer | undefined

  constructor(connection: BaseConnection, plugins: readonly BuiltPlugin[], options: RunOptions) {
    this.connection = connection
    this.info = connection
    this.options = options
    connection.closesAtEnd = false
    connection.user = this
    this.messages = new MessageDuplex(this)
    this.chain = new Chain(this, plugins, new PeerEnd(this))
    this.#answersItself = answersItself(plugins.at(-1))
    this.intake = new Intake(connection, options, this)
  }

  get attributes(): Attributes {
    return (this.#attributes ??= new Attributes())
  }

  get maxPushBytes(): number {
    return this.options.maxPushBytes
  }

  get highWaterMark(): number {
    return this.options.highWaterMark
  }

  /** Whether the handler, or an asynchronous stage, has something in hand. */
  get busy(): boolean {
    return this.chain.busy || this.messages.busy(this.#serving)
  }

  get lastToWrite(): string {
    return this.chain.lastToWrite
  }

  get deaf(): boolean {
    return this.stopped || this.#closing
  }

  feed(slice: Uint8Array): void {
    this.chain.feed(slice)
  }

  feedDatagram(datagram: Uint8Array): void {
    this.chain.feedDatagram(datagram)
  }

  onEnd(): void {
    this.#inputEnded = true
    if (!this.stopped) this.connection.batch(() => this.chain.endInbound())
  }

  onError(error: Error): void {
    this.#stop(error)
  }

  get hasAsyncStages(): boolean {
    return this.chain.hasAsyncStages
  }

  /** Opens the plugins and begins to read. */
  start(): void {
    this.#open(0)
    if (this.stopped) return
    this.intake.start()
  }

  proceed(index: number, changes: ProceedChanges | undefined): void {
    if (changes) this.info = changedInfo(this.info, changes)
    if (!this.options.admits || this.chain.admits(index + 1)) return this.#open(index + 1)
    this.connection.beginClose()
    this.#stop(undefined)
  }

  hold(): () => void {
    return this.intake.hold()
  }

  upgrade(site: Site, options: Parameters<Engine['upgrade']>[1]): ReturnType<Engine['upgrade']> {
    return ignoreRejection(upgradeRun(this, this.chain.guard(site), site, options))
  }

  holdBack({ direction }: Site): () => void {
    if (direction === 'inbound') return this.hold()
    // A handler is told by its writes; where the stages answer by themselves, only the reading can be held.
    const holds = this.#serving ? [this.messages.holdWrites()] : [this.messages.holdWrites(), this.hold()]
    return () => holds.forEach((release) => release())
  }

  whenWritable(): Promise<void> | undefined {
    // Where a handler writes, the wire is its affair: an asynchronous stage that waited for it could wait for itself.
    if (!this.#answersItself) return this.messages.whenRoom()
    return this.connection.unsentBytes < this.highWaterMark ? undefined : this.connection.drain()
  }

  emitInbound(below: Entry, item: unknown): void {
    if (!this.stopped) this.connection.batch(() => this.chain.enterInbound(below, item))
  }

  emitOutbound(above: Entry, item: unknown): void {
    if (!this.stopped && this.#outputEnded === 'no') this.chain.enterOutbound(item, above)
  }

  emitFromHandler(item: unknown): void {
    this.chain.enterOutbound(item)
  }

  get outputOver(): Promise<void> {
    if (this.stopped || this.#outputEnded === 'ended') return Promise.resolve()
    return (this.#outputOver ??= deferred()).promise
  }

  schedule(callback: () => void, delay: number): Timer {
    return (this.#timers ??= new RunTimers(this.options.clock)).schedule(callback, delay)
  }

  endOutput(): void {
    if (this.#outputEnded !== 'no' || this.stopped) return
    this.#outputEnded = 'ending'
    this.connection.batch(() => this.chain.endOutbound())
  }

  close(): void {
    this.#closing = true
    if (this.#outputEnded === 'ended') this.connection.beginClose()
    else this.endOutput()
  }

  onWireEnd(): void {
    this.#outputEnded = 'ended'
    this.#outputOver?.resolve()
    if (this.#closing || this.connection.datagram) this.connection.beginClose()
    else this.connection.beginCloseWrite()
  }

  onMessagesEnd(): void {
    if (this.#released) return this.#stop(undefined)
    if (this.connection.datagram && !this.#serving && !this.messages.sinking) this.close()
  }

  serve(plugin: string, serve: (messages: ServedMessages) => Promise<void>): void {
    this.#serving = true
    const work = async (): Promise<void> => serve(this.messages)
    work().then(
      () => this.#finishServing(),
      (error: unknown) => this.raise(error, { plugin, direction: 'inbound' }, 'handler'),
    )
  }

  raise(thrown: unknown, site: Site, phase: PluginPhase, segment?: Segment): void {
    if (this.stopped) return
    if (thrown instanceof FrameError && this.connection.datagram && segment) {
      segment.skipping = true
      this.options.report({ type: 'frame-dropped', connection: this.info, plugin: site.plugin, error: thrown })
      return
    }
    const error = this.toError(thrown, site, phase)
    if (thrown instanceof FrameError) this.connection.closeWith(error)
    else this.connection.abort(error)
    this.#stop(error)
  }

  toError(thrown: unknown, { plugin, direction }: Site, phase: PluginPhase): PluginError {
    if (thrown instanceof PluginError) return thrown
    const offset = direction === 'inbound' ? this.intake.fed : this.connection.bytesWritten
    return new PluginError({ plugin, direction, phase, remoteAddress: this.info.remoteAddress, offset }, thrown)
  }

  #open(index: number): void {
    this.chain.openFrom(index)
    this.connection.borrows = this.chain.borrows
  }

  /** The handler is done: what it wrote goes out, further input is discarded for a while so that the peer gets it all. */
  #finishServing(): void {
    this.#serving = false
    if (this.stopped) return
    this.messages.discardInput()
    const { lingerTimeout, clock } = this.options
    this.endOutput()
    if (lingerTimeout > 0 && !this.connection.datagram) {
      this.#linger = clock.schedule(() => void this.connection.close(), lingerTimeout)
    }
  }

  #stop(error: Error | undefined): void {
    if (this.stopped) return
    this.stopped = true
    this.#outputOver?.resolve()
    this.chain.stop(error)
    this.messages.fail(error)
    this.#timers?.cancelAll()
    if (this.#released) this.chain.close(this.#released)
  }

  /** The connection is gone. Asynchronous stages may still be at work on what came before its end: all of it is delivered. */
  onRelease(info: CloseInfo): Error | undefined {
    this.#linger?.cancel()
    this.intake.release()
    const late = !info.error && this.#inputEnded && !this.#closing && this.hasAsyncStages && this.messages.awaitsEnd
    if (late && !this.stopped) {
      this.#released = info
      return undefined
    }
    this.#stop(info.error)
    return this.chain.close(info)
  }
}
