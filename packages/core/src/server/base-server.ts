import { setMaxListeners } from 'node:events'
import type { DependencyContainer } from 'tsyringe'
import { type Observable, Subject } from 'rxjs'
import type { BaseConnection } from '../connection/base-connection.ts'
import type { Clock } from '../connection/clock.ts'
import type { AbortOptions, CloseInfo, Transport } from '../connection/connection.ts'
import { deferred, type Deferred, ignoreRejection, unlessAborted } from '../connection/promises.ts'
import type { SocketAddress } from '../connection/socket-address.ts'
import { createContainer, resolveService } from '../container/container.ts'
import { CLOCK, METRICS } from '../container/tokens.ts'
import { ServerBusyError, ServerStateError } from '../errors/server-errors.ts'
import type { BuiltPipeline } from '../pipeline/built-pipeline.ts'
import type { AnyPipeline } from '../pipeline/pipeline.ts'
import type { RunOptions } from '../pipeline/engine.ts'
import { Run } from '../pipeline/run.ts'
import { AcceptQueue } from './accept-queue.ts'
import type { Refused } from '../pipeline/ask-plugins.ts'
import { Admission } from './admission.ts'
import { Drain } from './drain.ts'
import { EventHub } from './event-hub.ts'
import { countInto } from './event-metrics.ts'
import type { ServerEvent } from './events.ts'
import type { Acceptor, Listener } from './listener.ts'
import { releaseWithin } from './release-within.ts'
import { Roster } from './roster.ts'
import { ServedConnection } from './served-connection.ts'
import { toBuilt } from './to-built.ts'
import type { ServerLimits } from './server-options.ts'
import type { Server, ServerCloseInfo, ServerCounters, ServerStatus } from './server.ts'

/** What a transport makes a server from. */
export interface BaseServerInit<L> {
  readonly listener: Listener<L>
  /** One that serves, or one built already and shared; none leaves the connections to whoever iterates the server. */
  readonly pipeline: AnyPipeline | BuiltPipeline | undefined
  readonly container: DependencyContainer | undefined
  readonly limits: ServerLimits & { readonly highWaterMark: number }
}

const DRAINING: Refused = { reason: 'draining', detail: 'the server is draining' }

/**
 * A server over any listener: limits, pipelines, events and draining, which all transports share.
 */
export class BaseServer<C, L extends AbortOptions> implements Server<C, L>, Acceptor {
  readonly connections$: Observable<C>
  readonly events$: Observable<ServerEvent>
  readonly clock: Clock
  readonly #listener: Listener<L>
  readonly #limits: BaseServerInit<L>['limits']
  readonly #built: BuiltPipeline | undefined
  readonly #hub: EventHub = new EventHub()
  readonly #admission: Admission
  readonly #queue: AcceptQueue<C>
  readonly #accepted: Subject<C> = new Subject()
  readonly #open: Roster<ServedConnection<C>> = new Roster()
  /** Made when somebody asks for it, and what users hold of a connection with it: see {@link Roster} for what it costs. */
  #connections: Set<C> | undefined
  readonly #draining: AbortController = new AbortController()
  readonly #closed: Deferred<ServerCloseInfo> = deferred()
  readonly #runOptions: RunOptions
  #status: ServerStatus = 'new'
  #address: SocketAddress | undefined
  #listening: Promise<unknown> = Promise.resolve()
  #drain: Drain | undefined

  /** @throws {@link InvalidPipelineError}, {@link PluginBuildError} */
  constructor({ listener, pipeline, container = createContainer(), limits }: BaseServerInit<L>) {
    this.#listener = listener
    this.#limits = limits
    this.#built = toBuilt(pipeline, container)
    this.#built?.retain()
    this.clock = resolveService(container, CLOCK) as Clock
    this.#admission = new Admission(limits, this.#built?.plugins ?? [])
    this.#queue = new AcceptQueue(limits.acceptBacklog)
    this.events$ = this.#hub.events$
    if (container.isRegistered(METRICS, true)) this.events$.subscribe(countInto(container.resolve(METRICS)))
    this.connections$ = this.#accepted.asObservable()
    const { clock } = this
    // Each connection may wait for it.
    setMaxListeners(0, this.#draining.signal)
    this.#runOptions = { ...limits, clock, draining: this.#draining.signal, admits: true, report: this.#hub.report }
  }

  get status(): ServerStatus {
    return this.#status
  }

  get address(): SocketAddress | undefined {
    return this.#status === 'closed' ? undefined : this.#address
  }

  get connections(): ReadonlySet<C> {
    return (this.#connections ??= new Set(Array.from(this.#open, ({ face }) => face)))
  }

  get counters(): ServerCounters {
    return this.#hub.counters
  }

  get closed(): Promise<ServerCloseInfo> {
    return this.#closed.promise
  }

  /** Aborts when draining begins. */
  get draining(): AbortSignal {
    return this.#draining.signal
  }

  async listen(options: L = {} as L): Promise<this> {
    if (this.#status !== 'new') throw new ServerStateError(`the server is ${this.#status}: it can listen once`)
    if (options.signal?.aborted) throw options.signal.reason
    this.#status = 'listening'
    const listening = this.#listener.listen(options, this)
    this.#listening = ignoreRejection(listening)
    try {
      this.#address = await listening
    } catch (error) {
      if (this.#status === 'listening') this.#status = 'new'
      throw error
    }
    const { transport } = this.#listener
    this.report({ type: 'listening', transport, address: this.#address })
    return this
  }

  [Symbol.asyncIterator](): AsyncIterator<C> {
    if (this.#built) throw new ServerBusyError('a server with a pipeline cannot be iterated: its pipeline has the connections')
    return this.#queue.iterate()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  report(event: ServerEvent): void {
    this.#hub.report(event)
  }

  accept(connection: BaseConnection): boolean {
    const { transport, remoteAddress } = connection
    if (this.#refuses(transport, remoteAddress, () => this.#admission.ask(connection))) return false
    return this.#built ? this.#serve(connection, this.#built) : this.#offer(connection)
  }

  reserve(transport: Transport, remoteAddress: SocketAddress): (() => void) | undefined {
    if (this.#refuses(transport, remoteAddress, () => this.#admission.askLimits(remoteAddress))) return undefined
    this.#admission.enter(remoteAddress)
    return () => this.#admission.leave(remoteAddress)
  }

  close({ signal }: AbortOptions = {}): Promise<void> {
    this.#beginDraining()
    return ignoreRejection(unlessAborted(this.closed.then(() => undefined), signal))
  }

  abort(reason?: unknown): void {
    this.#beginDraining()
    this.#drain?.cut(reason)
  }

  #refuses(transport: Transport, remoteAddress: SocketAddress, ask: () => Refused | undefined): boolean {
    const refused = this.#status === 'listening' ? ask() : DRAINING
    if (refused) this.report({ type: 'connection-refused', transport, remoteAddress, ...refused })
    return refused !== undefined
  }

  #serve(connection: BaseConnection, built: BuiltPipeline): true {
    const run = new Run(connection, built.plugins, this.#runOptions)
    this.#enter(new ServedConnection<C>(this, connection, this.clock.now(), run))
    run.start()
    return true
  }

  #offer(connection: BaseConnection): boolean {
    const offered = connection as unknown as C
    const taken = this.#queue.offer(offered)
    if (!taken && !this.#accepted.observed) {
      const { transport, remoteAddress } = connection
      const detail = `${this.#limits.acceptBacklog} accepted connections wait to be iterated`
      this.report({ type: 'connection-refused', transport, remoteAddress, reason: 'backlog', detail })
      return false
    }
    this.#enter(new ServedConnection<C>(this, connection, this.clock.now()))
    return true
  }

  #enter(served: ServedConnection<C>): void {
    const { connection } = served
    this.#admission.enter(connection.remoteAddress)
    this.#open.add(served)
    this.#connections?.add(served.face)
    connection.owner = served
    this.report({ type: 'connection-opened', connection })
    if (this.#accepted.observed) this.#accepted.next(served.face)
  }

  /** A connection has gone. */
  leave(served: ServedConnection<C>, { error, initiator }: CloseInfo): void {
    const { connection, openedAt } = served
    this.#admission.leave(connection.remoteAddress)
    this.#open.remove(served)
    this.#connections?.delete(served.face)
    if (!this.#built) this.#queue.withdraw(served.face)
    const duration = this.clock.now() - openedAt
    this.report({ type: 'connection-closed', connection, initiator, duration, ...(error && { error }) })
    this.#drain?.onGone()
  }

  #beginDraining(): void {
    if (this.#status === 'draining' || this.#status === 'closed') return
    this.#status = 'draining'
    this.#listener.stopAccepting()
    this.report({ type: 'draining' })
    this.#draining.abort()
    this.#queue.end()
    this.#drain = new Drain(this.#open, this.clock, this.#limits.drainTimeout)
    void this.#finish(this.#drain)
  }

  async #finish(drain: Drain): Promise<void> {
    await this.#listening.catch(() => {})
    const cutOff = await drain.done
    await this.#listener.close().catch((error: Error) => this.#reportListenerError(error))
    await untilHandlesAreGone()
    await this.#releasePlugins().catch((error: Error) => this.#reportListenerError(error))
    this.#status = 'closed'
    this.report({ type: 'closed', cutOff })
    this.#hub.complete()
    this.#accepted.complete()
    this.#closed.resolve({ cutOff })
  }

  async #releasePlugins(): Promise<void> {
    if (this.#built) await releaseWithin(this.#built, this.#limits.drainTimeout, this.clock)
  }

  #reportListenerError(error: Error): void {
    this.report({ type: 'listener-error', transport: this.#listener.transport, error })
  }
}

/** Node tells that a socket is closed before its handle has gone, which is at the end of this turn of the event loop. */
function untilHandlesAreGone(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
}
