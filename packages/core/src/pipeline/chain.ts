import type { CloseInfo } from '../connection/connection.ts'
import { AsyncLink, type AsyncNext } from './async-link.ts'
import { answersItself, type BuiltPlugin } from './built-pipeline.ts'
import { answerAll } from './answer-all.ts'
import { answeringEnd, closedGate } from './chain-ends.ts'
import { DatagramAsyncLink } from './datagram-async-link.ts'
import { type Entry, feedWhole, type Next, type Segment, type Site, StageLink } from './link.ts'
import type { Stages } from './plugin.ts'
import type { Engine } from './engine.ts'
import { refusePromise } from './returned.ts'
import { type AsyncStage, isAsyncStage, type Stage } from './stage.ts'
import { StageContext } from './stage-context.ts'

type AnyStage = Stage<unknown, unknown> | AsyncStage<unknown, unknown>

interface Opened {
  readonly plugin: BuiltPlugin
  readonly context: StageContext
  readonly stages: Stages<unknown, unknown, unknown, unknown>
  /** Where what this plugin sends towards the handler goes; its `next` is filled in when the next plugin opens. */
  readonly below: Entry
  /** Where what this plugin sends towards the peer goes. */
  readonly above: Entry
}

const borrows = (stage: AnyStage | undefined): boolean => stage === undefined || (!isAsyncStage(stage) && stage.borrows === true)

const newSegment = (): Segment => ({ skipping: false, feeding: false })

/**
 * The links of one connection's plugins in both directions. Built from the wire on, because a plugin that gates stops the
 * building until it lets the others open.
 */
export class Chain {
  readonly #run: Engine
  readonly #plugins: readonly BuiltPlugin[]
  readonly #opened: Opened[] = []
  readonly #asyncLinks: AsyncNext[] = []
  readonly #first: Entry
  /** Entries that lead to whatever inbound link comes next. */
  #open: Entry[]
  #last: { next: Next } | undefined
  #segment: Segment = newSegment()
  #outbound: Entry

  constructor(run: Engine, plugins: readonly BuiltPlugin[], wire: Next) {
    this.#run = run
    this.#plugins = plugins
    this.#first = { next: closedGate(run), segment: this.#segment }
    this.#open = [this.#first]
    this.#outbound = { next: wire, segment: newSegment() }
  }

  get busy(): boolean {
    return this.#asyncLinks.some((link) => link.busy)
  }

  /** Whether nothing here keeps anything of a chunk: all plugins are open, and all of their stages borrow. */
  get borrows(): boolean {
    if (this.#opened.length < this.#plugins.length || !answersItself(this.#plugins.at(-1))) return false
    return this.#opened.every(({ stages: { inbound, outbound } }) => borrows(inbound) && borrows(outbound))
  }

  get lastToWrite(): string {
    const first = this.#opened.find(({ stages }) => stages.outbound !== undefined)
    return (first?.plugin ?? this.#plugins.at(-1))?.name ?? 'connection'
  }

  get hasAsyncStages(): boolean {
    return this.#asyncLinks.length > 0
  }

  /** Opens plugins until one gates; behind the last one is the handler's end. */
  openFrom(index: number): void {
    for (let i = index; i < this.#plugins.length; i++) {
      const plugin = this.#plugins[i] as BuiltPlugin
      if (!this.#openPlugin(plugin, i)) return
      if (plugin.gates) {
        this.#lead(closedGate(this.#run))
        return
      }
    }
    const last = this.#plugins.at(-1)
    this.#lead(answersItself(last) ? answeringEnd(this.#run) : this.#run.messages)
    if (last?.answer) this.#run.serve(last.name, answerAll(last.answer))
    else if (last?.serve) this.#run.serve(last.name, last.serve)
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

  /** From beside a plugin to the next one down. */
  enterInbound(index: number, item: unknown): void {
    const { below } = this.#opened[index] as Opened
    if (!this.#run.connection.datagram || below.segment.feeding) below.next.item(item)
    else feedWhole(below, item)
  }

  /** From beside a plugin, or from the handler (`index` is then the number of plugins), to the one above it. */
  enterOutbound(index: number, item: unknown): void {
    const entry = this.#opened[index]?.above ?? this.#outbound
    if (this.#run.connection.datagram) feedWhole(entry, item)
    else entry.next.item(item)
  }

  endOutbound(): void {
    this.#outbound.next.end()
  }

  stop(error: Error | undefined): void {
    for (const link of this.#asyncLinks) link.stop(error)
  }

  /** Closes the stages in reverse order. @returns the first error among them. */
  close(info: CloseInfo): Error | undefined {
    let failure: Error | undefined
    for (const { plugin, stages, context } of this.#opened.toReversed()) {
      context.release()
      try {
        refusePromise(stages.close?.(info), 'close')
      } catch (error) {
        failure ??= this.#run.toError(error, { plugin: plugin.name, direction: 'inbound' }, 'close')
      }
    }
    return failure
  }

  #openPlugin(plugin: BuiltPlugin, index: number): boolean {
    const context = new StageContext(this.#run, plugin, index)
    const above = this.#outbound
    try {
      const stages = plugin.open(context)
      refusePromise(stages, 'open')
      if (typeof stages !== 'object' || stages === null) throw new TypeError('open returned no stages')
      if (stages.outbound) this.#addOutbound(stages.outbound, plugin.name)
      if (stages.inbound) this.#addInbound(stages.inbound, plugin.name)
      const below: Entry = { next: closedGate(this.#run), segment: this.#segment }
      this.#open.push(below)
      this.#opened.push({ plugin, context, stages, above, below })
      return true
    } catch (error) {
      context.release()
      this.#run.raise(error, { plugin: plugin.name, direction: 'inbound' }, 'open')
      return false
    }
  }

  #addInbound(stage: AnyStage, plugin: string): void {
    const after = isAsyncStage(stage) ? newSegment() : this.#segment
    const link = this.#link(stage, { plugin, direction: 'inbound' }, after)
    link.next = closedGate(this.#run)
    this.#lead(link)
    this.#open = []
    this.#segment = after
    this.#last = link
  }

  #addOutbound(stage: AnyStage, plugin: string): void {
    const { next, segment } = this.#outbound
    const link = this.#link(stage, { plugin, direction: 'outbound' }, segment)
    link.next = next
    this.#outbound = { next: link, segment: isAsyncStage(stage) ? newSegment() : segment }
  }

  /** Everything that leads to whatever inbound link comes next leads to this one, until another takes its place. */
  #lead(next: Next): void {
    if (this.#last) this.#last.next = next
    for (const entry of this.#open) entry.next = next
  }

  #link(stage: AnyStage, site: Site, after: Segment): Next & { next: Next } {
    if (!isAsyncStage(stage)) return new StageLink(this.#run, after, site, stage)
    const { datagram } = this.#run.connection
    const link =
      datagram && !stage.spansDatagrams
        ? new DatagramAsyncLink(this.#run, after, site, stage)
        : new AsyncLink(this.#run, after, site, stage, datagram)
    this.#asyncLinks.push(link)
    return link
  }
}
