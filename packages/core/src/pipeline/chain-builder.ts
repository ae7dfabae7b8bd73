import { AsyncLink, type AsyncNext } from './async-link.ts'
import { answerAll } from './answer-all.ts'
import { answersItself, type BuiltPlugin } from './built-pipeline.ts'
import type { Chain } from './chain.ts'
import { AnsweringEnd, ClosedGate } from './chain-ends.ts'
import { DatagramAsyncLink } from './datagram-async-link.ts'
import type { Engine } from './engine.ts'
import { FrameTap } from './frame-tap.ts'
import { type Entry, type Next, type Segment, type Site, StageLink } from './link.ts'
import type { Stages } from './plugin.ts'
import { refusePromise } from './returned.ts'
import { type AsyncStage, borrows, isAsyncStage, type Stage } from './stage.ts'
import { GatingContext, StageContext } from './stage-context.ts'

type AnyStage = Stage<unknown, unknown> | AsyncStage<unknown, unknown>
type AnyStages = Stages<unknown, unknown, unknown, unknown>

/** For all streams: nothing is skipped there. */
const STREAM: Segment = { skipping: false, feeding: false }

/** Where items of one connection enter a direction that nothing is behind yet. */
export function newSegment({ connection }: Pick<Engine, 'connection'>): Segment {
  return connection.datagram ? { skipping: false, feeding: false } : STREAM
}

/**
 * Opens the plugins of one connection and makes the links of their stages: from the wire on, because a plugin that gates stops the
 * building until it lets the others open. Nothing of it is left when all are open.
 */
export class ChainBuilder {
  readonly #run: Engine
  readonly #plugins: readonly BuiltPlugin[]
  readonly #chain: Chain
  #allBorrow = true
  /** Entries that lead to whatever inbound link comes next. */
  #open: Entry[]
  #last: { next: Next } | undefined
  /** Told of the frames of the first framer that is yet to open. */
  #frameWatchers: readonly (() => void)[] | undefined
  #segment: Segment

  constructor(run: Engine, plugins: readonly BuiltPlugin[], chain: Chain) {
    this.#run = run
    this.#plugins = plugins
    this.#chain = chain
    this.#open = [chain]
    this.#segment = chain.segment
  }

  /**
   * Opens plugins until one gates; behind the last one is the handler's end.
   *
   * @returns whether all are open.
   */
  openFrom(index: number): boolean {
    const gate = new ClosedGate(this.#run)
    for (let i = index; i < this.#plugins.length; i++) {
      const plugin = this.#plugins[i] as BuiltPlugin
      const context = this.#openPlugin(plugin, i, gate)
      if (context === undefined) return false
      if (plugin.gates) {
        this.#lead(gate)
        // It may have proceeded while it was opened.
        context.enter()
        return false
      }
    }
    const last = this.#plugins.at(-1)
    const answered = answersItself(last)
    this.#chain.borrows = this.#allBorrow && answered
    this.#lead(answered ? new AnsweringEnd(this.#run) : this.#run.messages)
    if (last?.answer) this.#run.serve(last.name, answerAll(last.answer))
    else if (last?.serve) this.#run.serve(last.name, last.serve)
    return true
  }

  /** Tells of each frame that the next framer down the list makes. */
  watchFrames(callback: () => void): void {
    this.#frameWatchers = [...(this.#frameWatchers ?? []), callback]
  }

  #openPlugin(plugin: BuiltPlugin, index: number, gate: ClosedGate): StageContext | undefined {
    const { outbound } = this.#chain
    const context = plugin.gates
      ? new GatingContext(this.#run, plugin, index, outbound, gate)
      : new StageContext(this.#run, plugin, outbound, gate)
    try {
      const stages = plugin.open(context)
      context.opened()
      refusePromise(stages, 'open')
      if (typeof stages !== 'object' || stages === null) throw new TypeError('open returned no stages')
      this.#addStages(plugin, stages, gate)
      context.segment = this.#segment
      this.#open.push(context)
      if (plugin.frames && this.#frameWatchers) this.#tap(this.#frameWatchers, gate)
      return context
    } catch (error) {
      this.#run.raise(error, plugin.sites.inbound, 'open')
      return undefined
    }
  }

  #addStages(plugin: BuiltPlugin, stages: AnyStages, gate: ClosedGate): void {
    const chain = this.#chain
    const { inbound, outbound, close } = stages
    if (outbound) this.#addOutbound(outbound, plugin.sites.outbound)
    if (inbound) this.#addInbound(inbound, plugin.sites.inbound, gate)
    if (close) chain.closing = { plugin, stages, before: chain.closing }
    this.#allBorrow &&= borrows(inbound) && borrows(outbound)
    if (outbound) chain.firstToWrite ??= plugin.name
  }

  #addInbound(stage: AnyStage, site: Site, gate: ClosedGate): void {
    const after = isAsyncStage(stage) ? newSegment(this.#run) : this.#segment
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
    const { next, segment } = this.#chain.outbound
    const link = this.#link(stage, site, segment)
    link.next = next
    this.#chain.outbound = { next: link, segment: isAsyncStage(stage) ? newSegment(this.#run) : segment }
  }

  /** Everything that leads to whatever inbound link comes next leads to this one, until another takes its place. */
  #lead(next: Next): void {
    if (this.#last) this.#last.next = next
    for (const entry of this.#open) entry.next = next
  }

  #link(stage: AnyStage, site: Site, after: Segment): Next & { next: Next } {
    if (!isAsyncStage(stage)) return new StageLink(this.#run, after, site, stage)
    const { datagram } = this.#run.connection
    const link: AsyncNext & { next: Next } =
      datagram && !stage.spansDatagrams
        ? new DatagramAsyncLink(this.#run, after, site, stage)
        : new AsyncLink(this.#run, after, site, stage, datagram)
    ;(this.#chain.asyncLinks ??= []).push(link)
    return link
  }
}
