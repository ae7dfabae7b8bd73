import { BaseConnection } from '../connection/base-connection.ts'
import type { ConnectionLimits } from '../connection/connection-options.ts'
import type { CloseInfo } from '../connection/connection.ts'
import type { SocketAddress } from '../connection/socket-address.ts'
import type { Accepts } from '../container/plugin-description.ts'
import type { BuiltPipeline, BuiltPlugin } from '../pipeline/built-pipeline.ts'
import { sitesOf } from '../pipeline/link.ts'
import { Run } from '../pipeline/run.ts'
import { Admission } from '../server/admission.ts'
import type { ServerEvent } from '../server/events.ts'
import { EmbeddedDriver } from './embedded-driver.ts'
import type { LogLine } from './recording-logger.ts'
import type { VirtualClock } from './virtual-clock.ts'

/** What an embedded pipeline is made from. */
export interface EmbeddedInit {
  readonly built: BuiltPipeline
  /** What its wire end takes. */
  readonly wire: Accepts
  readonly limits: ConnectionLimits & { readonly maxPushBytes: number; readonly lingerTimeout: number }
  readonly datagram: boolean
  readonly clock: VirtualClock
  readonly logs: readonly LogLine[]
  readonly localAddress: SocketAddress
  readonly remoteAddress: SocketAddress
}

const unlimited = { maxConnections: Infinity, maxConnectionsPerAddress: Infinity }

/** The connection, the run and the driver of an embedded pipeline, and what has come of them. */
export class EmbeddedEngine {
  readonly connection: BaseConnection
  readonly run: Run
  readonly driver: EmbeddedDriver
  readonly draining: AbortController = new AbortController()
  readonly events: ServerEvent[] = []
  readonly inbound: unknown[] = []
  readonly outbound: unknown[] = []
  closed: CloseInfo | undefined
  readonly #clock: VirtualClock
  #enter: ((item: unknown) => void) | undefined
  #working = false
  #woken = false

  constructor(init: EmbeddedInit) {
    const { built, wire, limits, clock } = init
    this.#clock = clock
    const [connection, driver] = this.#connect(init)
    this.connection = connection
    this.driver = driver
    const plugins = wire === 'bytes' ? built.plugins : [this.#wireEnd(), ...built.plugins]
    const report = (event: ServerEvent): void => void this.events.push(event)
    this.run = new Run(connection, plugins, { ...limits, clock, draining: this.draining.signal, admits: true, report })
    this.#start(built, report)
  }

  /** Grows, or shrinks, whenever something happens. */
  get news(): number {
    return this.driver.activity + this.events.length + this.inbound.length + this.outbound.length
  }

  /** Does all there is to do. */
  work(): void {
    if (this.#working) return
    this.#working = true
    let more = true
    while (more) {
      more = false
      this.connection.batch(() => (more = this.driver.work()))
    }
    this.#working = false
  }

  #connect(init: EmbeddedInit): [BaseConnection, EmbeddedDriver] {
    const { wire, limits, datagram, clock, localAddress, remoteAddress } = init
    const direct = wire === 'frame' || wire === 'message'
    let driver!: EmbeddedDriver
    const connection = new BaseConnection({
      transport: 'memory',
      datagram,
      localAddress,
      remoteAddress,
      limits,
      clock,
      createDriver: (events) => {
        const feed = (item: unknown): void => {
          if (item instanceof Uint8Array && !direct) events.onData(item)
          else this.#enter?.(item)
        }
        const onOutput = (chunk: Uint8Array): void => void this.outbound.push(chunk)
        return (driver = new EmbeddedDriver(events, { feed, onOutput, wake: () => this.#wake() }))
      },
    })
    return [connection, driver]
  }

  /** Lets the connection in as a server does, and opens the plugins. */
  #start(built: BuiltPipeline, report: (event: ServerEvent) => void): void {
    const { connection } = this
    const { transport, remoteAddress } = connection
    const openedAt = this.#clock.now()
    const refused = new Admission(unlimited, built.plugins).ask(connection)
    built.retain()
    const onGone = (info: CloseInfo): void => {
      this.closed = info
      const { error, initiator } = info
      const duration = this.#clock.now() - openedAt
      if (!refused) report({ type: 'connection-closed', connection, initiator, duration, ...(error && { error }) })
      built.release().catch((failure: Error) => report({ type: 'listener-error', transport, error: failure }))
    }
    connection.owner = { onGone }
    if (refused) {
      report({ type: 'connection-refused', transport, remoteAddress, ...refused })
      void connection.close()
    } else {
      report({ type: 'connection-opened', connection })
      connection.batch(() => this.run.start())
      if (!built.serves) this.#takeMessages()
    }
    this.work()
  }

  #takeMessages(): void {
    const { inbox } = this.run.messages
    inbox.claim({ onItem: (item) => void this.inbound.push(item), onEnd() {}, onError() {} })
    inbox.start()
  }

  /** Where items that are no bytes go in and come out. */
  #wireEnd(): BuiltPlugin {
    return {
      name: 'embedded',
      sites: sitesOf('embedded'),
      terminal: false,
      open: (context) => {
        this.#enter = context.emitInbound
        const outbound = {
          push: (item: unknown, emit: (item: unknown) => void) => {
            if (item instanceof Uint8Array) emit(item)
            else this.outbound.push(item)
          },
        }
        return { outbound }
      },
    }
  }

  #wake(): void {
    if (this.#woken || this.#working) return
    this.#woken = true
    queueMicrotask(() => {
      this.#woken = false
      this.work()
    })
  }
}
