import type { Clock, Timer } from '../connection/clock.ts'
import type { ConnectionInfo } from '../connection/connection.ts'
import { InvalidPipelineError } from '../errors/pipeline-errors.ts'
import type { Attributes } from './attributes.ts'
import type { BuiltPlugin } from './built-pipeline.ts'
import type { Entry, Next, Segment, Site } from './link.ts'
import type { PluginContext, ProceedChanges } from './plugin.ts'
import { takeRejection } from './returned.ts'
import type { Engine } from './engine.ts'

/**
 * One plugin's view of one connection. Its functions are made when they are first asked for, already bound, so that they can be
 * taken out of it and an idle connection does not carry those that nobody uses.
 */
export class StageContext implements PluginContext, Entry {
  /** Where what this plugin sends towards the handler goes; known when the next plugin opens. */
  next: Next
  segment: Segment
  /** Where what it sends towards the peer goes. */
  readonly #above: Entry
  readonly #run: Engine
  readonly #plugin: BuiltPlugin
  readonly #index: number
  #emitInbound: PluginContext['emitInbound'] | undefined
  #emitOutbound: PluginContext['emitOutbound'] | undefined
  #clock: ConnectionClock | undefined
  #proceeded = false
  /** Its plugin's `open` has returned. */
  #opened = false
  #entered = false
  #changes: ProceedChanges | undefined

  constructor(run: Engine, plugin: BuiltPlugin, index: number, above: Entry, closed: Next) {
    this.next = closed
    this.segment = above.segment
    this.#above = above
    this.#run = run
    this.#plugin = plugin
    this.#index = index
  }

  get connection(): ConnectionInfo {
    return this.#run.info
  }

  get attributes(): Attributes {
    return this.#run.attributes
  }

  get signal(): AbortSignal {
    return this.#run.connection.signal
  }

  get draining(): AbortSignal {
    return this.#run.options.draining
  }

  get framed(): boolean {
    return this.#plugin.framed ?? false
  }

  get clock(): Clock {
    return (this.#clock ??= new ConnectionClock(this.#run, this.#plugin.sites.inbound))
  }

  get emitInbound(): PluginContext['emitInbound'] {
    return (this.#emitInbound ??= (item) => this.#run.emitInbound(this, item))
  }

  get emitOutbound(): PluginContext['emitOutbound'] {
    // Kept by every plugin that answers: it holds the run and the place, and not the whole context.
    return (this.#emitOutbound ??= this.#run.emitOutbound.bind(this.#run, this.#above))
  }

  get hold(): PluginContext['hold'] {
    return () => this.#run.hold()
  }

  get readingSince(): number | undefined {
    return this.#run.intake.readingSince
  }

  get watchFrames(): PluginContext['watchFrames'] {
    return (callback) => {
      if (this.#opened) throw new InvalidPipelineError(`plugin "${this.#plugin.name}" was late: watchFrames is for open`)
      this.#run.chain.watchFrames(() => callSafely(callback, (error) => this.#run.raise(error, this.#plugin.sites.inbound, 'emit')))
    }
  }

  get fail(): PluginContext['fail'] {
    return (error) => this.#run.raise(error, this.#plugin.sites.inbound, 'fail')
  }

  get close(): PluginContext['close'] {
    return () => this.#run.close()
  }

  get event(): PluginContext['event'] {
    return (payload) => {
      const { name: plugin } = this.#plugin
      this.#run.options.report({ type: 'plugin-event', plugin, connection: this.#run.info, payload })
    }
  }

  get upgrade(): PluginContext['upgrade'] {
    return (options) => this.#run.upgrade(this.#plugin.sites.inbound, options)
  }

  get proceed(): PluginContext['proceed'] {
    return (changes?: ProceedChanges) => {
      if (!this.#plugin.gates) throw new InvalidPipelineError(`plugin "${this.#plugin.name}" does not gate`)
      if (this.#run.stopped || this.#proceeded) return
      this.#proceeded = true
      this.#changes = changes
      if (this.#entered) this.#run.proceed(this.#index, changes)
    }
  }

  opened(): void {
    this.#opened = true
  }

  /** Its plugin's stages have their place: one that proceeded while it was opened does so now. */
  enter(): void {
    this.#entered = true
    if (this.#proceeded) this.#run.proceed(this.#index, this.#changes)
  }
}

/** The clock as one plugin has it on one connection: its calls end with the connection, and what they throw is the plugin's failure. */
class ConnectionClock implements Clock {
  readonly #run: Engine
  readonly #site: Site

  constructor(run: Engine, site: Site) {
    this.#run = run
    this.#site = site
  }

  now(): number {
    return this.#run.options.clock.now()
  }

  schedule(callback: () => void, delay: number): Timer {
    return this.#run.schedule(() => this.#call(callback), delay)
  }

  #call(callback: () => void): void {
    if (this.#run.stopped) return
    callSafely(callback, (error) => this.#run.raise(error, this.#site, 'timer'))
  }
}

/** Calls what a plugin gave; what it throws, or its promise rejects with, is that plugin's failure. */
function callSafely(callback: () => void, fail: (error: unknown) => void): void {
  try {
    takeRejection(callback(), fail)
  } catch (error) {
    fail(error)
  }
}
