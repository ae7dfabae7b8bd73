import type { CloseInfo } from '../connection/connection.ts'
import { askedTogether, askPlugins } from './ask-plugins.ts'
import { AsyncLink, type AsyncNext } from './async-link.ts'
import { answersItself, type BuiltPlugin } from './built-pipeline.ts'
import { answerAll } from './answer-all.ts'
import { AnsweringEnd, ClosedGate } from './chain-ends.ts'
import { DatagramAsyncLink } from './datagram-async-link.ts'
import { FrameTap } from './frame-tap.ts'
import { endWithAt, type Entry, feedWhole, type Next, type Segment, type Site, StageLink } from './link.ts'
import type { Stages } from './plugin.ts'
import type { Engine } from './engine.ts'
import { refusePromise } from './returned.ts'
import { type AsyncStage, borrows, isAsyncStage, type Stage } from './stage.ts'
import { StageGuard } from './stage-guard.ts'
import { StageContext } from './stage-context.ts'

type AnyStage = Stage<unknown, unknown> | AsyncStage<unknown, unknown>
type AnyStages = Stages<unknown, unknown, unknown, unknown>

/** Stages that want to be told of the end. */
interface Closing {
  readonly plugin: BuiltPlugin
  readonly stages: AnyStages
}

const NO_CLOSING: readonly Closing[] = []

/** For all streams: nothing is skipped there. */
const STREAM: Segment = { skipping: false, feeding: false }

/**
 * The links of one connection's plugins in both directions. Built from the wire on, because a plugin that gates stops the
 * building until it lets the others open.
 */
export class Chain {
  readonly #run: Engine
  readonly #plugins: readonly BuiltPlugin[]
  readonly #first: Entry
  #opened = 0
  #allBorrow = true
  #firstToWrite: string | undefined
  #closing: readonly Closing[] | undefined
  #asyncLinks: AsyncNext[] | undefined
  /** Entries that lead to whatever inbound link comes next. */
  #open: Entry[] | undefined
  #last: { next: Next } | undefined
  /** Told of the frames of the first framer that is yet to open. */
  #frameWatchers: readonly (() => void)[] | undefined
  #segment: Segment
  #outbound: Entry

  constructor(run: Engine, plugins: readonly BuiltPlugin[], wire: Next) {
    this.#run = run
    this.#plugins = plugins
    const gate = new ClosedGate(run)
    this.#segment = this.#newSegment()
    this.#first = { next: gate, segment: this.#segment }
    this.#open = [this.#first]
    this.#outbound = { next: wire, segment: this.#newSegment() }
  }

  get busy(): boolean {
    return this.#asyncLinks?.some((link) => link.busy) ?? false
  }

  /** Whether nothing here keeps anything of a chunk: all plugins are open, and all of their stages borrow. */
  get borrows(): boolean {
    return this.#opened === this.#plugins.length && this.#allBorrow && answersItself(this.#plugins.at(-1))
  }

  get lastToWrite(): string {
    return this.#firstToWrite ?? this.#plugins.at(-1)?.name ?? 'connection'
  }

  get hasAsyncStages(): boolean {
    return this.#asyncLinks !== undefined
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

  /** Opens plugins until one gates; behind the last one is the handler's end. */
  openFrom(index: number): void {
    const gate = new ClosedGate(this.#run)
    for (let i = index; i < this.#plugins.length; i++) {
      const plugin = this.#plugins[i] as BuiltPlugin
      const context = this.#openPlugin(plugin, i, gate)
      if (context === undefined) return
      this.#opened++
      if (plugin.gates) {
        this.#lead(gate)
        // It may have proceeded while it was opened.
        context.enter()
        return
      }
    }
    const last = this.#plugins.at(-1)
    this.#lead(answersItself(last) ? new AnsweringEnd(this.#run) : this.#run.messages)
    this.#open = undefined
    if (last?.answer) this.#run.serve(last.name, answerAll(last.answer))
    else if (last?.serve) this.#run.serve(last.name, last.serve)
  }

  /** Tells of each frame that the next framer down the list makes; before that one is open. */
  watchFrames(callback: () => void): void {
    this.#frameWatchers = [...(this.#frameWatchers ?? []), callback]
  }

  feed(slice: Uint8Array): void {
    this.#first.next.item(slice)
  }

  feedDatagram(datagram: Uint8Array): void {
    feedWhole(this.#first, datagram)
  }

  endInbound(): void {
    this.#first.next.end()
  }

  /** The stage at a site has found the input of a stream bad: what came before goes on, and then the error. */
  endInboundWith(error: Error, site: Site): void {
    endWithAt(this.#first.next, error, site)
  }

  /** From beside a plugin to the next one down. */
  enterInbound(below: Entry, item: unknown): void {
    if (!this.#run.connection.datagram || below.segment.feeding) below.next.item(item)
    else feedWhole(below, item)
  }

  /** From beside a plugin to the one above it, or, without an entry, from the handler. */
  enterOutbound(item: unknown, entry: Entry = this.#outbound): void {
    if (this.#run.connection.datagram) feedWhole(entry, item)
    else entry.next.item(item)
  }

  endOutbound(): void {
    this.#outbound.next.end()
  }

  /**
   * Puts a guard before a plugin's inbound stage.
   *
   * @returns undefined where it has none, or an asynchronous one stands there or above.
   */
  guard(site: Site): StageGuard | undefined {
    return StageGuard.before(site, this.#first)
  }

  stop(error: Error | undefined): void {
    for (const link of this.#asyncLinks ?? []) link.stop(error)
  }

  /** Closes the stages in reverse order. @returns the first error among them. */
  close(info: CloseInfo): Error | undefined {
    let failure: Error | undefined
    for (const { plugin, stages } of this.#closing?.toReversed() ?? []) {
      try {
        refusePromise(stages.close?.(info), 'close')
      } catch (error) {
        failure ??= this.#run.toError(error, plugin.sites.inbound, 'close')
      }
    }
    return failure
  }

  #newSegment(): Segment {
    return this.#run.connection.datagram ? { skipping: false, feeding: false } : STREAM
  }

  #openPlugin(plugin: BuiltPlugin, index: number, gate: ClosedGate): StageContext | undefined {
    const context = new StageContext(this.#run, plugin, index, this.#outbound, gate)
    try {
      const stages = plugin.open(context)
      context.opened()
      refusePromise(stages, 'open')
      if (typeof stages !== 'object' || stages === null) throw new TypeError('open returned no stages')
      this.#addStages(plugin, stages, gate)
      context.segment = this.#segment
      this.#open?.push(context)
      if (plugin.frames && this.#frameWatchers) this.#tap(this.#frameWatchers, gate)
      return context
    } catch (error) {
      this.#run.raise(error, plugin.sites.inbound, 'open')
      return undefined
    }
  }

  #addStages(plugin: BuiltPlugin, stages: AnyStages, gate: ClosedGate): void {
    const { inbound, outbound, close } = stages
    if (outbound) this.#addOutbound(outbound, plugin.sites.outbound)
    if (inbound) this.#addInbound(inbound, plugin.sites.inbound, gate)
    // An array that is pushed to makes room for sixteen more.
    if (close) this.#closing = (this.#closing ?? NO_CLOSING).concat({ plugin, stages })
    this.#allBorrow &&= borrows(inbound) && borrows(outbound)
    if (outbound) this.#firstToWrite ??= plugin.name
  }

  #addInbound(stage: AnyStage, site: Site, gate: ClosedGate): void {
    const after = isAsyncStage(stage) ? this.#newSegment() : this.#segment
    const link = this.#link(stage, site, after)
    link.next = gate
    this.#lead(link)
    this.#open = []
    this.#segment = after
    this.#last = link
  }

  #tap(watchers: readonly (() => void)[], gate: ClosedGate): void {
    const tap = new FrameTap(watchers)
    tap.next = gate
    this.#lead(tap)
    this.#open = []
    this.#last = tap
    this.#frameWatchers = undefined
  }

  #addOutbound(stage: AnyStage, site: Site): void {
    const { next, segment } = this.#outbound
    const link = this.#link(stage, site, segment)
    link.next = next
    this.#outbound = { next: link, segment: isAsyncStage(stage) ? this.#newSegment() : segment }
  }

  /** Everything that leads to whatever inbound link comes next leads to this one, until another takes its place. */
  #lead(next: Next): void {
    if (this.#last) this.#last.next = next
    for (const entry of this.#open ?? []) entry.next = next
  }

  #link(stage: AnyStage, site: Site, after: Segment): Next & { next: Next } {
    if (!isAsyncStage(stage)) return new StageLink(this.#run, after, site, stage)
    const { datagram } = this.#run.connection
    const link =
      datagram && !stage.spansDatagrams
        ? new DatagramAsyncLink(this.#run, after, site, stage)
        : new AsyncLink(this.#run, after, site, stage, datagram)
    ;(this.#asyncLinks ??= []).push(link)
    return link
  }
}
