import type { Clock, Timer } from '../connection/clock.ts'
import type { ConnectionInfo } from '../connection/connection.ts'
import { InvalidPipelineError } from '../errors/pipeline-errors.ts'
import type { Attributes } from './attributes.ts'
import type { BuiltPlugin } from './built-pipeline.ts'
import type { Entry, Next, Segment } from './link.ts'
import type { PluginContext, ProceedChanges } from './plugin.ts'
import { takeRejection } from './returned.ts'
import type { Engine } from './engine.ts'

/**
 * One plugin's view of one connection. Its functions are made when they are first asked for, already bound, so that they can be
 * taken out of it and an idle connection does not carry those that nobody uses.
 */
export class StageContext implements PluginContext, Clock, Entry {
  /** Where what this plugin sends towards the handler goes; known when the next plugin opens. */
  next: Next
  segment: Segment
  /** Where what it sends towards the peer goes. */
  readonly #above: Entry
  protected readonly run: Engine
  protected readonly plugin: BuiltPlugin
  #emitInbound: PluginContext['emitInbound'] | undefined
  #emitOutbound: PluginContext['emitOutbound'] | undefined
  /** Its plugin's `open` has returned. */
  #opened = false

  constructor(run: Engine, plugin: BuiltPlugin, above: Entry, closed: Next) {
    this.next = closed
    this.segment = above.segment
    this.#above = above
    this.run = run
    this.plugin = plugin
  }

  get connection(): ConnectionInfo {
    return this.run.info
  }

  get attributes(): Attributes {
    return this.run.attributes
  }

  get signal(): AbortSignal {
    return this.run.connection.signal
  }

  get draining(): AbortSignal {
    return this.run.draining
  }

  get framed(): boolean {
    return this.plugin.framed ?? false
  }

  /** Itself, so that a plugin which asks for the time keeps no object more. */
  get clock(): Clock {
    return this
  }

  now(): number {
    return this.run.options.clock.now()
  }

  /** Its calls end with the connection, and what they throw is the plugin's failure. */
  schedule(callback: () => void, delay: number): Timer {
    return this.run.schedule(() => this.#onTimer(callback), delay)
  }

  get emitInbound(): PluginContext['emitInbound'] {
    return (this.#emitInbound ??= (item) => this.run.emitInbound(this, item))
  }

  get emitOutbound(): PluginContext['emitOutbound'] {
    // Kept by every plugin that answers: it holds the run and the place, and not the whole context.
    return (this.#emitOutbound ??= this.run.emitOutbound.bind(this.run, this.#above))
  }

  get hold(): PluginContext['hold'] {
    return () => this.run.hold()
  }

  get readingSince(): number | undefined {
    return this.run.intake.readingSince
  }

  get watchFrames(): PluginContext['watchFrames'] {
    return (callback) => {
      if (this.#opened) throw new InvalidPipelineError(`plugin "${this.plugin.name}" was late: watchFrames is for open`)
      this.run.chain.watchFrames(() => callSafely(callback, (error) => this.run.raise(error, this.plugin.sites.inbound, 'emit')))
    }
  }

  get fail(): PluginContext['fail'] {
    return (error) => this.run.raise(error, this.plugin.sites.inbound, 'fail')
  }

  get close(): PluginContext['close'] {
    return () => this.run.close()
  }

  get event(): PluginContext['event'] {
    return (payload) => {
      const { name: plugin } = this.plugin
      this.run.options.report({ type: 'plugin-event', plugin, connection: this.run.info, payload })
    }
  }

  get upgrade(): PluginContext['upgrade'] {
    return (options) => this.run.upgrade(this.plugin.sites.inbound, options)
  }

  get proceed(): PluginContext['proceed'] {
    return () => {
      throw new InvalidPipelineError(`plugin "${this.plugin.name}" does not gate`)
    }
  }

  #onTimer(callback: () => void): void {
    if (this.run.stopped) return
    callSafely(callback, (error) => this.run.raise(error, this.plugin.sites.inbound, 'timer'))
  }

  opened(): void {
    this.#opened = true
  }

  /** For one that gates: its plugin's stages have their place. */
  enter(): void {}
}

/** The context of a plugin that gates. */
export class GatingContext extends StageContext {
  readonly #index: number
  #proceeded = false
  #entered = false
  #changes: ProceedChanges | undefined

  /** @param index - of the plugin. */
  constructor(run: Engine, plugin: BuiltPlugin, index: number, above: Entry, closed: Next) {
    super(run, plugin, above, closed)
    this.#index = index
  }

  override get proceed(): PluginContext['proceed'] {
    return (changes?: ProceedChanges) => {
      if (this.run.stopped || this.#proceeded) return
      this.#proceeded = true
      this.#changes = changes
      if (this.#entered) this.run.proceed(this.#index, changes)
    }
  }

  /** Its plugin's stages have their place: one that proceeded while it was opened does so now. */
  override enter(): void {
    this.#entered = true
    if (this.#proceeded) this.run.proceed(this.#index, this.#changes)
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
