import type { ConnectionInfo } from '../connection/connection.ts'
import { type Clock, systemClock } from '../connection/clock.ts'
import { ignoreRejection } from '../connection/promises.ts'
import { FrameError } from '../errors/frame-errors.ts'
import { InvalidPipelineError, PluginError, type PluginPhase } from '../errors/pipeline-errors.ts'
import { UpgradeError } from '../errors/tls-errors.ts'
import { Attributes } from '../pipeline/attributes.ts'
import type { BuiltPlugin } from '../pipeline/built-pipeline.ts'
import { type LinkOwner, type Next, type Segment, type Site, StageLink } from '../pipeline/link.ts'
import type { Direction, PluginContext } from '../pipeline/plugin.ts'
import { refusePromise, takeRejection } from '../pipeline/returned.ts'
import { type AsyncStage, borrows, isAsyncStage } from '../pipeline/stage.ts'

const nowhere = { address: '', port: 0, family: 'memory' } as const

/** What a plugin is told of its connection where a face does not know it. */
const unknownConnection: ConnectionInfo = {
  id: 'face',
  transport: 'memory',
  datagram: false,
  localAddress: nowhere,
  remoteAddress: nowhere,
  bytesRead: 0,
  bytesWritten: 0,
}

/** What a face does with what the plugin gives. */
export interface FaceOutput {
  item(item: unknown): void
  /** The plugin failed: the one error. */
  fail(error: PluginError): void
  /** The plugin asked to close. */
  close(): void
}

/** `maxPushBytes` where no server sets it. */
const MAX_PUSH_BYTES = 16 * 1024 * 1024

/** One direction of one plugin, opened by itself, with no connection run around it. */
export class FaceRun implements LinkOwner {
  readonly maxPushBytes: number = MAX_PUSH_BYTES
  readonly asyncStage: AsyncStage<unknown, unknown> | undefined
  /** The stage keeps nothing of an item once it has been pushed. */
  readonly borrows: boolean
  stopped = false
  readonly #output: FaceOutput
  readonly #info: ConnectionInfo
  readonly #direction: Direction
  readonly #plugin: string
  readonly #segment: Segment = { skipping: false, feeding: false }
  readonly #link: Next
  readonly #gone: AbortController = new AbortController()
  readonly #close: (() => void) | undefined
  #bytes = 0

  constructor(plugin: BuiltPlugin, direction: Direction, info: ConnectionInfo | undefined, output: FaceOutput) {
    this.#output = output
    this.#info = info ?? unknownConnection
    this.#direction = direction
    this.#plugin = plugin.name
    const site: Site = { plugin: plugin.name, direction }
    const stages = this.#open(plugin, site)
    this.#close = stages?.close && (() => void takeRejection(stages.close?.({ initiator: 'local' })))
    const stage = stages?.[direction]
    const end: Next = { item: (item) => output.item(item), endOfDatagram() {}, end() {}, endWith() {}, reset() {} }
    this.borrows = borrows(stage)
    if (stage && isAsyncStage(stage)) this.asyncStage = stage
    if (stage && !isAsyncStage(stage)) {
      const link = new StageLink(this, this.#segment, site, stage)
      // What a plugin that answers by itself emits inbound goes nowhere: its output is what it sends back.
      link.next = plugin.terminal ? { ...end, item() {} } : end
      this.#link = link
    } else {
      this.#link = end
    }
  }

  push(item: unknown): void {
    this.#link.item(item)
    if (item instanceof Uint8Array) this.#bytes += item.length
    if (!this.#info.datagram || this.stopped) return
    if (!this.#segment.skipping) this.#link.endOfDatagram()
    if (!this.#segment.skipping) return
    this.#segment.skipping = false
    this.#link.reset()
  }

  end(): void {
    this.#link.end()
  }

  /** Lets the plugin go. Idempotent. */
  release(): void {
    if (this.#gone.signal.aborted) return
    this.stopped = true
    this.#gone.abort()
    try {
      this.#close?.()
    } catch {
      // The iteration has ended; there is nobody left to tell.
    }
  }

  raise(thrown: unknown, _site: Site, phase: PluginPhase, segment?: Segment): void {
    if (this.stopped) return
    if (thrown instanceof FrameError && this.#info.datagram && segment) {
      segment.skipping = true
      return
    }
    this.stopped = true
    this.#output.fail(this.toError(thrown, phase))
  }

  toError(thrown: unknown, phase: PluginPhase): PluginError {
    if (thrown instanceof PluginError) return thrown
    const { remoteAddress } = this.#info
    const address = this.#info === unknownConnection ? undefined : remoteAddress
    const site = { plugin: this.#plugin, direction: this.#direction, phase, remoteAddress: address, offset: this.#bytes }
    return new PluginError(site, thrown)
  }

  #open(plugin: BuiltPlugin, site: Site): ReturnType<BuiltPlugin['open']> | undefined {
    try {
      const stages = plugin.open(this.#context(plugin))
      refusePromise(stages, 'open')
      return stages
    } catch (error) {
      this.raise(error, site, 'open')
      return undefined
    }
  }

  #context(plugin: BuiltPlugin): PluginContext {
    const out = (item: unknown): void => {
      if (!this.stopped) this.#output.item(item)
    }
    const ignore = (): void => {}
    const returns = plugin.terminal && this.#direction === 'inbound'
    const site: Site = { plugin: plugin.name, direction: this.#direction }
    return {
      connection: this.#info,
      attributes: new Attributes(),
      signal: this.#gone.signal,
      draining: this.#gone.signal,
      framed: false,
      clock: guarded(systemClock, this.#gone.signal, (error) => this.raise(error, site, 'timer')),
      emitInbound: this.#direction === 'inbound' && !returns ? out : ignore,
      emitOutbound: this.#direction === 'outbound' || returns ? out : ignore,
      hold: () => ignore,
      readingSince: -Infinity,
      watchFrames: () => {
        throw new InvalidPipelineError(`"${plugin.name}" looks at what plugins after it make, and there are none here`)
      },
      fail: (error) => this.raise(error, site, 'fail'),
      close: () => this.#output.close(),
      event: ignore,
      proceed: ignore,
      upgrade: () => ignoreRejection(Promise.reject(new UpgradeError('unsupported', 'a face has no connection to upgrade'))),
    }
  }
}

/** A clock whose calls end with the signal, and whose failures are reported. */
function guarded(clock: Clock, signal: AbortSignal, onError: (error: unknown) => void): Clock {
  return {
    now: () => clock.now(),
    schedule: (callback, delay) => {
      const timer = clock.schedule(() => {
        if (signal.aborted) return
        try {
          takeRejection(callback(), onError)
        } catch (error) {
          onError(error)
        }
      }, delay)
      return timer
    },
  }
}
