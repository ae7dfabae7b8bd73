import {
  type Acceptor,
  BatchClock,
  type Clock,
  type DropReason,
  InvalidOptionError,
  type Listener,
  ListenError,
  type SocketAddress,
} from '@millrace/core'
import { addressKey, peerAddress } from '../address-key.ts'
import type { DriverChoice } from '../drivers/choose-driver.ts'
import { droppedInbound } from '../session/drop.ts'
import { giveOut, type Taken } from '../session/give-out.ts'
import { type ResolvedListenOptions, resolveListenOptions, type UdpListenOptions } from './listen-options.ts'
import { Outlet } from '../session/outlet.ts'
import { ReplyBudget } from '../session/reply-budget.ts'
import { resolveHost } from '../resolve-host.ts'
import type { Seat } from './seat-list.ts'
import { type ResolvedServerOptions, toSessionLimits } from './server-options.ts'
import { SessionDriver } from '../session/session-driver.ts'
import { SessionTable } from './session-table.ts'
import { SourceGuard } from './source-guard.ts'
import { StatelessPort, type StatelessServe } from './stateless-port.ts'
import type { DatagramBatch, PeerAddress, UdpDriver } from '../drivers/udp-driver.ts'
import { UdpSession } from '../session/udp-session.ts'

/** What a {@link UdpListener} is made from. */
export interface UdpListenerInit {
  readonly options: ResolvedServerOptions
  readonly clock: Clock
  /**
   * Called for each attempt to listen.
   *
   * @param shared - a cluster's workers are to share the socket.
   */
  readonly chooseDriver: (shared: boolean, signal: AbortSignal | undefined) => Promise<DriverChoice>
  /** Serves without sessions. */
  readonly serveStateless?: StatelessServe | undefined
}

/** One bound socket of a server: gives each datagram to the session of its peer, or begins one. */
export class UdpListener implements Listener<UdpListenOptions> {
  readonly transport = 'udp'
  readonly #init: UdpListenerInit
  readonly #table: SessionTable<UdpSession>
  readonly #batches = { batch: 0, delivering: false }
  /** Of the sessions. */
  readonly #batchClock: BatchClock
  #acceptor!: Acceptor
  #local!: SocketAddress
  #driver: UdpDriver | undefined
  #guard!: SourceGuard
  #outlet: Outlet | undefined
  #stateless: StatelessPort | undefined
  #accepting = true
  /** Somebody may keep something of the batch that is being given out. */
  #isKept = false
  #closed: Promise<void> | undefined

  constructor(init: UdpListenerInit) {
    this.#init = init
    this.#batchClock = new BatchClock(init.clock, this.#batches)
    this.#table = new SessionTable(init.options, init.clock, {
      onIdle: (session) => session.onEnd(),
      onEvict: (session) => void session.close(),
    })
  }

  async listen(given: UdpListenOptions, acceptor: Acceptor): Promise<SocketAddress> {
    const options = resolveListenOptions(given)
    const { chooseDriver, clock, serveStateless, options: limits } = this.#init
    const { driver, reason } = await chooseDriver(!options.exclusive, options.signal)
    const report = acceptor.report.bind(acceptor)
    this.#acceptor = acceptor
    this.#local = await this.#bind(driver, options)
    this.#driver = driver
    this.#outlet = new Outlet(driver, limits.maxSendQueue, clock, report)
    this.#guard = new SourceGuard(this.#local, clock)
    if (serveStateless) {
      const { maxReplyRatio, maxReplyDatagrams } = limits
      const init = { outlet: this.#outlet, maxReplyRatio, maxReplyDatagrams, report, localAddress: this.#local }
      this.#stateless = new StatelessPort(init, serveStateless)
    }
    report({ type: 'driver-chosen', transport: 'udp', driver: driver.name, ...(reason !== undefined && { reason }) })
    return this.#local
  }

  /** Takes what has come. */
  receive(batch: DatagramBatch): void {
    this.#isKept = false
    this.#batches.batch++
    this.#batches.delivering = true
    try {
      giveOut(batch, this.#take)
    } finally {
      this.#batches.delivering = false
    }
    if (!this.#isKept) batch.release?.()
  }

  stopAccepting(): void {
    this.#accepting = false
  }

  close(): Promise<void> {
    this.#accepting = false
    return (this.#closed ??= this.#release())
  }

  /** Does not wait for what is in hand without a session, not even where {@link close} has begun to. */
  cutOff(): void {
    this.#stateless?.abort()
  }

  async #release(): Promise<void> {
    const { clock, options } = this.#init
    await this.#stateless?.finish(options.drainTimeout, clock)
    this.#stateless?.close()
    await this.#outlet?.flush()
    this.#table.stop()
    await this.#driver?.close()
  }

  async #bind(driver: UdpDriver, given: ResolvedListenOptions): Promise<SocketAddress> {
    const { host, port, type, lookup, ...options } = given
    const { signal } = options
    try {
      const resolved = await resolveHost('listen.host', host, { type, lookup, signal })
      return await driver.bind({ ...options, ...resolved, port }, {
        onBatch: (batch) => this.receive(batch),
        onTruncated: (from, bytes) => this.#drop('truncated', from, bytes),
        onSendFailed: ({ address, port: to }, bytes, error) => {
          this.#outlet?.reportFailure(error, peerAddress(address, to), bytes)
        },
        onError: (error) => this.#acceptor.report({ type: 'listener-error', transport: 'udp', error }),
      })
    } catch (error) {
      if (error instanceof InvalidOptionError || (signal?.aborted && error === signal.reason)) throw error
      throw new ListenError(`udp ${host.includes(':') ? `[${host}]` : host}:${port}`, { cause: error })
    }
  }

  readonly #take = (batch: DatagramBatch, index: number, isRetry: boolean): Taken => {
    const seat = this.#table.find(batch.peer(index))
    if (seat !== undefined) {
      this.#table.touch(seat)
      const taken = seat.session.receive(batch.data(index), isRetry)
      if (taken !== 'next' || !seat.session.keepsNothing) this.#isKept = true
      return taken
    }
    this.#isKept = true
    if (this.#stateless === undefined) return this.#begin(batch.data(index), batch.sender(index))
    this.#answer(this.#stateless, batch.data(index), batch.sender(index))
    return 'next'
  }

  #answer(stateless: StatelessPort, data: Uint8Array, from: PeerAddress): void {
    const refusal = this.#accepting ? this.#guard.refuse(from.address, from.port) : 'draining'
    if (refusal) this.#drop(refusal, from, data.length)
    else stateless.receive(data, from)
  }

  /** Whoever iterates the server has to get each session before the backlog is looked at for the next. */
  #begin(data: Uint8Array, from: PeerAddress): Taken {
    const { address, port } = from
    const key = addressKey(address)
    const refusal = this.#accepting ? (this.#guard.refuse(address, port) ?? this.#table.refuse(key)) : 'draining'
    if (refusal) {
      this.#drop(refusal, from, data.length)
      return 'next'
    }
    const driver = this.#driver as UdpDriver
    const { session } = this.#table.add(key, driver.keep(from), (seat) => this.#createSession(seat, from))
    if (this.#acceptor.accept(session)) session.receive(data)
    else void session.close()
    return 'pause'
  }

  #drop(reason: DropReason, { address, port }: PeerAddress, bytes: number): void {
    this.#acceptor.report(droppedInbound(reason, peerAddress(address, port), bytes))
  }

  #createSession(seat: Seat<UdpSession>, { address, port }: PeerAddress): UdpSession {
    const { options } = this.#init
    const remoteAddress = peerAddress(address, port)
    const budget = new ReplyBudget(options.maxReplyRatio, options.maxReplyDatagrams)
    const report = this.#acceptor.report.bind(this.#acceptor)
    return new UdpSession({
      localAddress: this.#local,
      remoteAddress,
      limits: toSessionLimits(options),
      maxSessionQueue: options.maxSessionQueue,
      clock: this.#batchClock,
      budget,
      report,
      createDriver: (events) =>
        new SessionDriver(events, {
          outlet: this.#outlet as Outlet,
          to: seat.peer,
          remoteAddress,
          budget,
          report,
          watchAll: false,
          onSent: () => this.#table.touch(seat),
          onReleased: () => {
            this.#table.release(seat)
            this.#driver?.forget(seat.peer)
          },
        }),
    })
  }
}
