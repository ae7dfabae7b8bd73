import { BaseConnection } from '../connection/base-connection.ts'
import type { Clock } from '../connection/clock.ts'
import type { ConnectionInfo } from '../connection/connection.ts'
import type { Driver } from '../connection/driver.ts'
import type { SocketAddress } from '../connection/socket-address.ts'
import { InvalidPipelineError } from '../errors/pipeline-errors.ts'
import type { ServerEvent } from '../server/events.ts'
import type { Answer, BuiltPipeline, BuiltPlugin } from './built-pipeline.ts'
import { Run } from './run.ts'

/** What a {@link StatelessRun} works with. */
export interface StatelessRunOptions {
  readonly localAddress: SocketAddress
  readonly clock: Clock
  /** In bytes. */
  readonly maxPushBytes: number
  readonly report: (event: ServerEvent) => void
  /** Sends one datagram. `remoteAddress` is the very object that {@link StatelessRun.receive} was given with the question. */
  readonly send: (chunk: Uint8Array, remoteAddress: SocketAddress) => void
}

/** Requests that may wait for an answer behind those in hand; one more is dropped and counted. */
const MAX_WAITING = 1024

interface Request {
  readonly item: unknown
  readonly remoteAddress: SocketAddress
}

/**
 * One set of stages for all peers of a datagram socket: nothing is kept between datagrams, each answer goes to the sender of its
 * datagram. A failure costs the datagram it happened in; the stages are then opened afresh.
 */
export class StatelessRun {
  readonly #options: StatelessRunOptions
  readonly #plugins: readonly BuiltPlugin[]
  readonly #answer: Answer | undefined
  readonly #responder: string
  readonly #gone = new AbortController()
  readonly #waiting: Request[] = []
  #inHand = 0
  #current: SocketAddress
  #connection!: BaseConnection
  #run!: Run

  /** @throws {@link InvalidPipelineError} unless every plugin is `perDatagram` and the last one is echo, discard or respond. */
  constructor(built: BuiltPipeline, options: StatelessRunOptions) {
    check(built)
    const last = built.plugins.at(-1) as BuiltPlugin
    this.#options = options
    this.#current = options.localAddress
    this.#answer = last.answer
    this.#responder = last.name
    // With respond, the messages come out at the end to be answered one by one, each with its own peer.
    this.#plugins = last.answer ? built.plugins.slice(0, -1) : built.plugins
    this.#open()
    if (this.#run.hasAsyncStages) {
      this.close()
      throw new InvalidPipelineError('an asynchronous stage cannot serve statelessly: answer in respond(...) instead')
    }
  }

  /** Whether nothing is in hand. */
  get idle(): boolean {
    return this.#inHand === 0
  }

  /** Takes one datagram; the chunk may be kept. */
  receive(chunk: Uint8Array, remoteAddress: SocketAddress): void {
    if (this.#gone.signal.aborted) return
    this.#current = remoteAddress
    if (this.#run.stopped) this.#open()
    this.#connection.onData(chunk)
  }

  /** Closes the stages in good order; answers still in hand are not sent. Idempotent. */
  close(): void {
    this.#leave()
    // Not by the run: the last word of its outbound stages would go to whoever asked last.
    this.#connection.beginClose()
  }

  /** Closes the stages as those of a connection that is cut off. Idempotent. */
  abort(): void {
    this.#leave()
    this.#connection.abort()
  }

  #leave(): void {
    this.#gone.abort()
    this.#waiting.length = 0
  }

  #open(): void {
    const { clock, localAddress, maxPushBytes } = this.#options
    const report = (event: ServerEvent): void => this.#options.report(this.#withSender(event))
    let failedFor = localAddress
    const limits = { highWaterMark: 2 ** 30, maxWriteBuffer: Infinity, idleTimeout: 0, writeTimeout: 0 }
    this.#connection = new BaseConnection({
      transport: 'udp',
      datagram: true,
      localAddress,
      remoteAddress: localAddress,
      limits,
      clock,
      createDriver: (events) =>
        this.#driver(() => {
          // By the time it is told, the next datagram may have come.
          failedFor = this.#current
          queueMicrotask(() => events.onClosed())
        }),
    })
    this.#connection.owner = {
      onGone: ({ error }) => {
        if (error && !this.#gone.signal.aborted) this.#reportFailure(error, failedFor)
      },
    }
    const draining = this.#gone.signal
    this.#run = new Run(this.#connection, this.#plugins, { highWaterMark: 2 ** 30, maxPushBytes, lingerTimeout: 0, clock, draining, report })
    this.#run.info = this.#currentInfo()
    this.#run.start()
    if (this.#answer) this.#run.messages.inbox.claim({ onItem: (item) => this.#take(item), onEnd() {}, onError() {} })
  }

  #driver(onClosed: () => void): Driver {
    return {
      pendingBytes: 0,
      resume() {},
      pause() {},
      write: (chunks) => {
        for (const chunk of chunks) this.#options.send(chunk, this.#current)
      },
      endWrite() {},
      close: onClosed,
      reset: onClosed,
    }
  }

  /** The stages see the sender of the datagram they are given. */
  #currentInfo(): ConnectionInfo {
    const current = (): SocketAddress => this.#current
    const { id, transport, datagram, localAddress } = this.#connection
    const connection = this.#connection
    return {
      id,
      transport,
      datagram,
      localAddress,
      get remoteAddress() {
        return current()
      },
      get bytesRead() {
        return connection.bytesRead
      },
      get bytesWritten() {
        return connection.bytesWritten
      },
    }
  }

  #take(item: unknown): void {
    const request = { item, remoteAddress: this.#current }
    const { concurrency } = this.#answer as Answer
    if (this.#inHand < concurrency) void this.#work(request)
    else if (this.#waiting.length < MAX_WAITING) this.#waiting.push(request)
    else this.#reportDrop(request)
  }

  async #work(first: Request): Promise<void> {
    this.#inHand++
    for (let request: Request | undefined = first; request; request = this.#waiting.shift()) await this.#respond(request)
    this.#inHand--
  }

  async #respond({ item, remoteAddress }: Request): Promise<void> {
    const { signal } = this.#gone
    try {
      for await (const answer of await (this.#answer as Answer).to(item, { remoteAddress, signal })) {
        if (signal.aborted) return
        this.#current = remoteAddress
        if (this.#run.stopped) this.#open()
        this.#connection.batch(() => this.#run.emitFromHandler(answer))
      }
    } catch (error) {
      this.#current = remoteAddress
      const site = { plugin: this.#responder, direction: 'inbound' } as const
      if (!signal.aborted) this.#reportFailure(this.#run.toError(error, site, 'handler'), remoteAddress)
    }
  }

  /** The sender of the datagram in hand will be another one by the time that someone looks at an event again. */
  #withSender(event: ServerEvent): ServerEvent {
    return 'connection' in event ? { ...event, connection: { ...event.connection } } : event
  }

  #reportFailure(error: Error, remoteAddress: SocketAddress): void {
    const connection = { ...this.#currentInfo(), remoteAddress }
    this.#options.report({ type: 'connection-closed', connection, error, initiator: 'local', duration: 0 })
  }

  #reportDrop({ item, remoteAddress }: Request): void {
    const bytes = item instanceof Uint8Array ? item.length : 0
    this.#options.report({ type: 'datagram-dropped', direction: 'inbound', reason: 'session-queue', remoteAddress, bytes })
  }
}

function check({ plugins }: BuiltPipeline): void {
  for (const { name, perDatagram, serve } of plugins) {
    if (serve) throw new InvalidPipelineError(`"${name}" serves sessions and cannot serve statelessly: use respond(...) or echo()`)
    if (!perDatagram) {
      throw new InvalidPipelineError(`"${name}" cannot serve statelessly: it does not declare perDatagram: true`)
    }
  }
  if (!plugins.at(-1)?.terminal) throw new InvalidPipelineError('stateless serving needs echo() or respond(...) at the end')
}
