import type { Clock, Timer } from '../connection/clock.ts'
import type { ConnectionInfo } from '../connection/connection.ts'
import { InvalidPipelineError } from '../errors/pipeline-errors.ts'
import type { Attributes } from './attributes.ts'
import type { BuiltPlugin } from './built-pipeline.ts'
import type { Site } from './link.ts'
import type { PluginContext, ProceedChanges } from './plugin.ts'
import { takeRejection } from './returned.ts'
import type { Engine } from './engine.ts'

/**
 * One plugin's view of one connection. Its functions are made when they are first asked for, already bound, so that they can be
 * taken out of it and an idle connection does not carry those that nobody uses.
 */
export class StageContext implements PluginContext {
  readonly #run: Engine
  readonly #plugin: BuiltPlugin
  readonly #index: number
  #emitInbound: PluginContext['emitInbound'] | undefined
  #emitOutbound: PluginContext['emitOutbound'] | undefined
  #clock: ConnectionClock | undefined
  #proceeded = false

  constructor(run: Engine, plugin: BuiltPlugin, index: number) {
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

  get clock(): Clock {
    return (this.#clock ??= new ConnectionClock(this.#run, { plugin: this.#plugin.name, direction: 'inbound' }))
  }

  get emitInbound(): PluginContext['emitInbound'] {
    return (this.#emitInbound ??= (item) => this.#run.emitInbound(this.#index, item))
  }

  get emitOutbound(): PluginContext['emitOutbound'] {
    return (this.#emitOutbound ??= (item) => this.#run.emitOutbound(this.#index, item))
  }

  get hold(): PluginContext['hold'] {
    return () => this.#run.hold()
  }

  get fail(): PluginContext['fail'] {
    return (error) => this.#run.raise(error, { plugin: this.#plugin.name, direction: 'inbound' }, 'fail')
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

  get proceed(): PluginContext['proceed'] {
    return (changes?: ProceedChanges) => {
      if (!this.#plugin.gates) throw new InvalidPipelineError(`plugin "${this.#plugin.name}" does not gate`)
      if (this.#run.stopped || this.#proceeded) return
      this.#proceeded = true
      this.#run.proceed(this.#index, changes)
    }
  }

  /** The connection is gone: what the plugin has scheduled will not be called. */
  release(): void {
    this.#clock?.release()
  }
}

/** The clock as one plugin has it on one connection: its calls end with the connection, and what they throw is the plugin's failure. */
class ConnectionClock implements Clock {
  readonly #run: Engine
  readonly #site: Site
  readonly #timers: Set<Timer> = new Set()

  constructor(run: Engine, site: Site) {
    this.#run = run
    this.#site = site
  }

  now(): number {
    return this.#run.options.clock.now()
  }

  schedule(callback: () => void, delay: number): Timer {
    const timer = this.#run.options.clock.schedule(() => {
      this.#timers.delete(timer)
      this.#call(callback)
    }, delay)
    this.#timers.add(timer)
    return {
      cancel: () => {
        this.#timers.delete(timer)
        timer.cancel()
      },
    }
  }

  release(): void {
    for (const timer of this.#timers) timer.cancel()
    this.#timers.clear()
  }

  #call(callback: () => void): void {
    if (this.#run.stopped) return
    const fail = (error: unknown): void => this.#run.raise(error, this.#site, 'timer')
    try {
      takeRejection(callback(), fail)
    } catch (error) {
      fail(error)
    }
  }
}
