import type { CloseInfo } from '../connection/connection.ts'
import { askedTogether, askPlugins } from './ask-plugins.ts'
import type { AsyncNext } from './async-link.ts'
import type { BuiltPlugin } from './built-pipeline.ts'
import { ChainBuilder, newSegment } from './chain-builder.ts'
import { ClosedGate } from './chain-ends.ts'
import { endWithAt, type Entry, feedWhole, type Next, type Segment, type Site } from './link.ts'
import type { Stages } from './plugin.ts'
import type { Engine } from './engine.ts'
import { refusePromise } from './returned.ts'
import { StageGuard } from './stage-guard.ts'

/** Stages that want to be told of the end, and those before them that do. */
interface Closing {
  readonly plugin: BuiltPlugin
  readonly stages: Stages<unknown, unknown, unknown, unknown>
  readonly before: Closing | undefined
}

/** The links of one connection's plugins in both directions, and the way into them. */
export class Chain implements Entry {
  /** Where the inbound direction begins. */
  next: Next
  readonly segment: Segment
  /** Where the outbound direction begins, at the handler's end. */
  outbound: Entry
  /** Whether nothing here keeps anything of a chunk: all plugins are open, and all of their stages borrow. */
  borrows = false
  firstToWrite: string | undefined
  /** A list, the last to be opened first: an array would take twice the memory. */
  closing: Closing | undefined
  asyncLinks: AsyncNext[] | undefined
  readonly #run: Engine
  readonly #plugins: readonly BuiltPlugin[]
  /** Until all plugins are open. */
  #builder: ChainBuilder | undefined

  constructor(run: Engine, plugins: readonly BuiltPlugin[], wire: Next) {
    this.#run = run
    this.#plugins = plugins
    this.next = new ClosedGate(run)
    this.segment = newSegment(run)
    this.outbound = { next: wire, segment: newSegment(run) }
    this.#builder = new ChainBuilder(run, plugins, this)
  }

  get busy(): boolean {
    return this.asyncLinks?.some((link) => link.busy) ?? false
  }

  get lastToWrite(): string {
    return this.firstToWrite ?? this.#plugins.at(-1)?.name ?? 'connection'
  }

  get hasAsyncStages(): boolean {
    return this.asyncLinks !== undefined
  }

  /** Whether the plugins from this one on, up to the next that gates, let the connection in. A refusal is reported. */
  admits(from: number): boolean {
    const { info, options } = this.#run
    const refused = askPlugins(askedTogether(this.#plugins, from), info)
    if (!refused) return true
    const { transport, remoteAddress } = info
    options.report({ type: 'connection-refused', transport, remoteAddress, ...refused })
    return false
  }

  /** Opens plugins until one gates. */
  openFrom(index: number): void {
    if (this.#builder?.openFrom(index)) this.#builder = undefined
  }

  /** Tells of each frame that the next framer down the list makes; before that one is open. */
  watchFrames(callback: () => void): void {
    this.#builder?.watchFrames(callback)
  }

  feed(slice: Uint8Array): void {
    this.next.item(slice)
  }

  feedDatagram(datagram: Uint8Array): void {
    feedWhole(this, datagram)
  }

  endInbound(): void {
    this.next.end()
  }

  /** The stage at a site has found the input of a stream bad: what came before goes on, and then the error. */
  endInboundWith(error: Error, site: Site): void {
    endWithAt(this.next, error, site)
  }

  /** From beside a plugin to the next one down. */
  enterInbound(below: Entry, item: unknown): void {
    if (!this.#run.connection.datagram || below.segment.feeding) below.next.item(item)
    else feedWhole(below, item)
  }

  /** From beside a plugin to the one above it, or, without an entry, from the handler. */
  enterOutbound(item: unknown, entry: Entry = this.outbound): void {
    if (this.#run.connection.datagram) feedWhole(entry, item)
    else entry.next.item(item)
  }

  endOutbound(): void {
    this.outbound.next.end()
  }

  /**
   * Puts a guard before a plugin's inbound stage.
   *
   * @returns undefined where it has none, or an asynchronous one stands there or above.
   */
  guard(site: Site): StageGuard | undefined {
    return StageGuard.before(site, this)
  }

  stop(error: Error | undefined): void {
    for (const link of this.asyncLinks ?? []) link.stop(error)
  }

  /** Closes the stages in reverse order. @returns the first error among them. */
  close(info: CloseInfo): Error | undefined {
    let failure: Error | undefined
    for (let closing = this.closing; closing; closing = closing.before) {
      const { plugin, stages } = closing
      try {
        refusePromise(stages.close?.(info), 'close')
      } catch (error) {
        failure ??= this.#run.toError(error, plugin.sites.inbound, 'close')
      }
    }
    return failure
  }
}
