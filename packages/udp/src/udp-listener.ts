import {
  type Acceptor,
  type Clock,
  InvalidOptionError,
  type Listener,
  ListenError,
  type SocketAddress,
} from '@millrace/core'
import { type AddressKey, addressKey, peerAddress } from './address-key.ts'
import { droppedInbound } from './drop.ts'
import { resolveListenOptions, type UdpListenOptions } from './listen-options.ts'
import { Outlet } from './outlet.ts'
import { ReplyBudget } from './reply-budget.ts'
import { resolveHost } from './resolve-host.ts'
import type { Seat } from './seat-list.ts'
import { type ResolvedServerOptions, toSessionLimits } from './server-options.ts'
import { SessionDriver } from './session-driver.ts'
import { SessionTable } from './session-table.ts'
import { SourceGuard } from './source-guard.ts'
import { StatelessPort, type StatelessServe } from './stateless-port.ts'
import type { UdpDriver } from './udp-driver.ts'
import { UdpSession } from './udp-session.ts'

/** What a {@link UdpListener} is made from. */
export interface UdpListenerInit {
  readonly options: ResolvedServerOptions
  readonly clock: Clock
  /** Called for each attempt to listen. */
  readonly createDriver: () => UdpDriver
  /** Serves without sessions. */
  readonly serveStateless?: StatelessServe | undefined
}

/** One bound socket of a server: gives each datagram to the session of its peer, or begins one. */
export class UdpListener implements Listener<UdpListenOptions> {
  readonly transport = 'udp'
  readonly #init: UdpListenerInit
  readonly #table: SessionTable<UdpSession>
  #acceptor!: Acceptor
  #local!: SocketAddress
  #driver: UdpDriver | undefined
  #guard!: SourceGuard
  #outlet: Outlet | undefined
  #stateless: StatelessPort | undefined
  #accepting = true
  #closed: Promise<void> | undefined

  constructor(init: UdpListenerInit) {
    this.#init = init
    this.#table = new SessionTable(init.options, init.clock, {
      onIdle: (session) => session.onEnd(),
      onEvict: (session) => void session.close(),
    })
  }

  async listen(options: UdpListenOptions, acceptor: Acceptor): Promise<SocketAddress> {
    const { createDriver, clock, serveStateless, options: limits } = this.#init
    const driver = createDriver()
    this.#acceptor = acceptor
    this.#local = await this.#bind(driver, options)
    this.#driver = driver
    this.#guard = new SourceGuard(this.#local, clock)
    this.#outlet = new Outlet(driver, limits.maxSendQueue, clock, acceptor.report.bind(acceptor))
    if (serveStateless) {
      const { maxReplyRatio, maxReplyDatagrams } = limits
      const report = acceptor.report.bind(acceptor)
      const init = { outlet: this.#outlet, maxReplyRatio, maxReplyDatagrams, report, localAddress: this.#local }
      this.#stateless = new StatelessPort(init, serveStateless)
    }
    return this.#local
  }

  /**
   * Takes one datagram: what the driver calls for each.
   *
   * @param address - of the sender, as the system spells it.
   */
  receive(data: Uint8Array, address: string, port: number): void {
    if (this.#stateless) return this.#answer(this.#stateless, data, address, port)
    const key = addressKey(address)
    const seat = this.#table.find(key, port)
    if (seat === undefined) return this.#begin(data, key, address, port)
    this.#table.touch(seat)
    seat.session.receive(data)
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
    this.#stateless?.close()
  }

  async #release(): Promise<void> {
    const { clock, options } = this.#init
    await this.#stateless?.finish(options.drainTimeout, clock)
    this.#stateless?.close()
    await this.#outlet?.flush()
    this.#table.stop()
    await this.#driver?.close()
  }

  async #bind(driver: UdpDriver, given: UdpListenOptions): Promise<SocketAddress> {
    const { host, port, type, lookup, ...options } = resolveListenOptions(given)
    const { signal } = options
    try {
      const resolved = await resolveHost('listen.host', host, { type, lookup, signal })
      return await driver.bind({ ...options, ...resolved, port }, {
        onDatagram: (data, address, from) => this.receive(data, address, from),
        onError: (error) => this.#acceptor.report({ type: 'listener-error', transport: 'udp', error }),
      })
    } catch (error) {
      if (error instanceof InvalidOptionError || (signal?.aborted && error === signal.reason)) throw error
      throw new ListenError(`udp ${host.includes(':') ? `[${host}]` : host}:${port}`, { cause: error })
    }
  }

  #answer(stateless: StatelessPort, data: Uint8Array, address: string, port: number): void {
    const refusal = this.#accepting ? this.#guard.refuse(address, port) : 'draining'
    if (refusal) this.#acceptor.report(droppedInbound(refusal, peerAddress(address, port), data.byteLength))
    else stateless.receive(data, address, port)
  }

  #begin(data: Uint8Array, key: AddressKey, address: string, port: number): void {
    const refusal = this.#accepting ? (this.#guard.refuse(address, port) ?? this.#table.refuse(key)) : 'draining'
    if (refusal) return this.#acceptor.report(droppedInbound(refusal, peerAddress(address, port), data.byteLength))
    const { session } = this.#table.add(key, port, (seat) => this.#createSession(seat, address, port))
    if (this.#acceptor.accept(session)) session.receive(data)
    else void session.close()
  }

  #createSession(seat: Seat<UdpSession>, address: string, port: number): UdpSession {
    const { options, clock } = this.#init
    const remoteAddress = peerAddress(address, port)
    const budget = new ReplyBudget(options.maxReplyRatio, options.maxReplyDatagrams)
    const report = this.#acceptor.report.bind(this.#acceptor)
    return new UdpSession({
      localAddress: this.#local,
      remoteAddress,
      limits: toSessionLimits(options),
      maxSessionQueue: options.maxSessionQueue,
      clock,
      budget,
      report,
      createDriver: (events) =>
        new SessionDriver(events, {
          outlet: this.#outlet as Outlet,
          to: { address, port },
          remoteAddress,
          budget,
          report,
          watchAll: false,
          onSent: () => this.#table.touch(seat),
          onReleased: () => this.#table.release(seat),
        }),
    })
  }
}
