import type { BaseConnection } from '../connection/base-connection.ts'
import type { ConnectionUser } from '../connection/connection-roles.ts'
import type { CloseInfo } from '../connection/connection.ts'
import type { Timer } from '../connection/clock.ts'
import { type Deferred, deferred, ignoreRejection } from '../connection/promises.ts'
import { FrameError } from '../errors/frame-errors.ts'
import type { PluginPhase } from '../errors/pipeline-errors.ts'
import { BrokenInput } from './broken-input.ts'
import type { BuiltPlugin } from './built-pipeline.ts'
import type { Engine, RunOptions, ServedMessages } from './engine.ts'
import type { Intaker } from './intake.ts'
import type { Entry, Segment, Site } from './link.ts'
import type { ProceedChanges } from './plugin.ts'
import { changedInfo } from './changed-info.ts'
import { RunParts } from './run-parts.ts'
import { upgradeRun } from './upgrade-run.ts'

/**
 * The plugins at work on one connection: reads it, feeds the inbound chain, writes what comes out of the outbound chain, and
 * ends the connection when the stages, or the handler, have had their last word.
 */
export class Run extends RunParts implements Engine, Intaker, ConnectionUser {
  stopped = false
  #outputOver: Deferred<void> | undefined
  #serving = false
  #inputEnded = false
  #broken: BrokenInput | undefined
  #released: CloseInfo | undefined
  #outputEnded: 'no' | 'ending' | 'ended' = 'no'
  #closing = false
  #linger: Timer | undefined

  constructor(connection: BaseConnection, plugins: readonly BuiltPlugin[], options: RunOptions) {
    super(connection, plugins, options)
    connection.closesAtEnd = false
    connection.user = this
  }

  /** Whether the handler, or an asynchronous stage, has something in hand. */
  get busy(): boolean {
    return this.chain.busy || this.messagesBusy(this.#serving)
  }

  get deaf(): boolean {
    return this.stopped || this.#closing
  }

  onEnd(): void {
    this.#inputEnded = true
    if (!this.stopped) this.connection.batch(() => this.chain.endInbound())
  }

  onError(error: Error): void {
    this.stop(error)
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
    this.stop(undefined)
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

  emitInbound(below: Entry, item: unknown): void {
    if (!this.stopped) this.connection.batch(() => this.chain.enterInbound(below, item))
  }

  emitOutbound(above: Entry, item: unknown): void {
    // While it ends, what the last words set off still goes out: stages that have had their own take nothing any more.
    if (!this.stopped && this.#outputEnded !== 'ended') this.chain.enterOutbound(item, above)
  }

  get outputHasEnded(): boolean {
    return this.#outputEnded === 'ended'
  }

  get outputOver(): Promise<void> {
    if (this.stopped || this.outputHasEnded) return Promise.resolve()
    return (this.#outputOver ??= deferred()).promise
  }

  endOutput(): void {
    if (this.#outputEnded !== 'no' || this.stopped) return
    this.#outputEnded = 'ending'
    this.connection.batch(() => this.chain.endOutbound())
  }

  close(): void {
    if (this.#released) return this.stop(undefined)
    this.#closing = true
    if (!this.outputHasEnded) this.endOutput()
    else if (this.#broken) this.#broken.end()
    else this.connection.beginClose()
  }

  onWireEnd(): void {
    this.#outputEnded = 'ended'
    this.#outputOver?.resolve()
    if (this.#broken) {
      // What came before the error may not have come through yet: then it ends when that has.
      if (this.#broken.through || this.#closing) this.#broken.end()
    } else if (this.#closing || this.connection.datagram) this.connection.beginClose()
    else this.connection.beginCloseWrite()
  }

  onMessagesEnd(): void {
    if (this.#released) return this.stop(undefined)
    if (this.connection.datagram && !this.#serving && !this.messages.sinking) this.close()
  }

  onBroken(isRead: boolean): void {
    if (this.#released) return this.stop(this.#broken?.error)
    this.#broken?.comeThrough()
    // A handler says by its end that it has seen to the error, whoever reads by being told of it.
    if (!isRead && !this.#serving) this.endOutput()
  }

  onTold(pulls: boolean): void {
    if (!this.#broken || this.#serving || this.stopped) return
    this.#broken.comeThrough()
    if (pulls) setImmediate(() => this.endOutput())
    else this.endOutput()
  }

  onSinkFailed(error: unknown): void {
    if (error === this.#broken?.error) this.endOutput()
    else this.connection.abort(error)
  }

  serve(plugin: string, serve: (messages: ServedMessages) => Promise<void>): void {
    this.#serving = true
    const work = async (): Promise<void> => serve(this.messages)
    work().then(
      () => this.#finishServing(),
      (error: unknown) => this.#serveFailed(error, { plugin, direction: 'inbound' }),
    )
  }

  raise(thrown: unknown, site: Site, phase: PluginPhase, segment?: Segment): void {
    if (this.stopped) return
    const isFrameError = thrown instanceof FrameError
    const { datagram } = this.connection
    if (isFrameError && datagram && segment) {
      segment.skipping = true
      this.options.report({ type: 'frame-dropped', connection: this.info, plugin: site.plugin, error: thrown })
      return
    }
    if (isFrameError && !datagram && site.direction === 'inbound') {
      this.chain.endInboundWith(this.#break(thrown, site, phase), site)
      return
    }
    const error = this.toError(thrown, site, phase)
    if (isFrameError) this.connection.closeWith(error)
    else this.connection.abort(error)
    this.stop(error)
  }

  /** The peer has broken the protocol. @returns what the connection will end with. */
  #break(thrown: FrameError, site: Site, phase: PluginPhase): Error {
    this.#broken ??= new BrokenInput(this, this.toError(thrown, site, phase), this.#released === undefined)
    return this.#broken.error
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
    this.#broken?.comeThrough()
    this.endOutput()
    const { lingerTimeout, clock } = this.options
    if (lingerTimeout > 0 && !this.connection.datagram && !this.#broken) {
      this.#linger = clock.schedule(() => void this.connection.close(), lingerTimeout)
    }
  }

  /** Of a handler that lets a protocol error pass, or finds one itself, what it wrote before goes out. */
  #serveFailed(thrown: unknown, site: Site): void {
    const isFrameError = thrown instanceof FrameError && !this.connection.datagram
    if (this.stopped || !(isFrameError || (this.#broken && thrown === this.#broken.error))) {
      return this.raise(thrown, site, 'handler')
    }
    if (isFrameError) this.#break(thrown, site, 'handler')
    this.#finishServing()
  }

  stop(error: Error | undefined): void {
    if (this.stopped) return
    this.stopped = true
    this.#outputOver?.resolve()
    this.chain.stop(error)
    this.failMessages(error)
    this.cancelTimers()
    if (this.#released) this.chain.close(this.#released)
  }

  /** The connection is gone. Asynchronous stages may still be at work on what came before its end: all of it is delivered. */
  onRelease(info: CloseInfo): Error | undefined {
    this.#linger?.cancel()
    this.#broken?.cancel()
    this.cutDraining()
    this.intake.release()
    const clean = !info.error && this.#inputEnded && !this.#closing
    // Where the stages answer by themselves, their output has not ended before they had given everything.
    if (clean && !this.stopped && this.hasAsyncStages && !this.answersItself && this.messages.awaitsEnd) {
      this.#released = info
      return undefined
    }
    this.stop(info.error ?? this.#broken?.error)
    const failure = this.chain.close(info)
    return this.#broken?.error ?? failure
  }
}
