import type { AbortOptions, CloseInfo, ConnectionStatus, Transport } from '../connection/connection.ts'
import { DuplexFaces } from '../connection/duplex-faces.ts'
import { Inbox } from '../connection/inbox.ts'
import { deferred, type Deferred, ignoreRejection, unlessAborted } from '../connection/promises.ts'
import type { SocketAddress } from '../connection/socket-address.ts'
import type { TlsInfo } from '../connection/tls-info.ts'
import { ConnectionClosedError } from '../errors/connection-errors.ts'
import type { Attributes } from './attributes.ts'
import type { Next } from './link.ts'
import type { MessageConnection } from './message-connection.ts'
import type { Engine } from './engine.ts'
import { sizeOf } from './size-of.ts'

/** The handler's end of a run: what has come down the inbound stages to read, and the outbound stages to write to. */
export class MessageDuplex extends DuplexFaces<unknown, unknown> implements MessageConnection<unknown, unknown>, Next {
  readonly #run: Engine
  #inbox: Inbox<unknown> | undefined
  /** Requests that are being answered. */
  answering = 0
  #release: (() => void) | undefined
  #room: Deferred<void> | undefined
  #writeHolds = 0
  #writable: Deferred<void> | undefined
  #writeClosed = false
  #discarding = false
  /** The run is over: nothing comes any more. */
  #over = false
  #error: Error | undefined

  constructor(run: Engine) {
    super()
    this.#run = run
  }

  /** What has come down and is not read yet. Made when it is first needed: where echo answers, nothing ever comes here. */
  get inbox(): Inbox<unknown> {
    return (this.#inbox ??= this.#makeInbox())
  }

  /** Whether something waits, or whoever serves the messages has something in hand. */
  busy(serving: boolean): boolean {
    const inbox = this.#inbox
    if (inbox === undefined) return serving
    return inbox.length > 0 || (serving && (!inbox.awaited || this.answering > 0))
  }

  get id(): string {
    return this.#run.info.id
  }
  get transport(): Transport {
    return this.#run.info.transport
  }
  get datagram(): boolean {
    return this.#run.info.datagram
  }
  get localAddress(): SocketAddress {
    return this.#run.info.localAddress
  }
  get remoteAddress(): SocketAddress {
    return this.#run.info.remoteAddress
  }
  get tls(): TlsInfo | undefined {
    return this.#run.info.tls
  }
  get bytesRead(): number {
    return this.#run.info.bytesRead
  }
  get bytesWritten(): number {
    return this.#run.info.bytesWritten
  }
  get attributes(): Attributes {
    return this.#run.attributes
  }
  get draining(): AbortSignal {
    return this.#run.draining
  }
  get closed(): Promise<CloseInfo> {
    return this.#run.connection.closed
  }
  get signal(): AbortSignal {
    return this.#run.connection.signal
  }

  get status(): ConnectionStatus {
    const { status } = this.#run.connection
    if (!this.#writeClosed) return status
    return status === 'open' ? 'half-closed-local' : status === 'half-closed-remote' ? 'closing' : status
  }

  write(item: unknown): boolean {
    const { connection } = this.#run
    if (this.#writeClosed || this.#run.stopped) return false
    this.#run.emitFromHandler(item)
    return !this.#writeClosed && this.#writeHolds === 0 && connection.unsentBytes < this.#run.highWaterMark
  }

  async drain({ signal }: AbortOptions = {}): Promise<void> {
    if (this.#writeHolds > 0) await unlessAborted((this.#writable ??= deferred()).promise, signal)
    await this.#run.connection.drain({ signal })
  }

  closeWrite(options: AbortOptions = {}): Promise<void> {
    if (this.datagram) return this.#run.connection.closeWrite(options)
    this.#writeClosed = true
    const ended = this.#run.outputOver
    this.#run.endOutput()
    const handedOver = ended.then(() => this.#run.connection.closeWrite())
    return ignoreRejection(unlessAborted(handedOver, options.signal))
  }

  close(options: AbortOptions = {}): Promise<void> {
    this.#writeClosed = true
    const ended = this.#run.outputOver
    this.inbox.fail(undefined, true)
    this.#run.close()
    const closed = ended.then(() => this.#run.connection.close())
    return ignoreRejection(unlessAborted(closed, options.signal))
  }

  abort(reason?: unknown): void {
    const { connection } = this.#run
    connection.abort(reason)
    // Asynchronous stages may still be at work for a reader that does not want it any more.
    if (connection.status === 'closed') this.#run.close()
  }

  item(item: unknown): void {
    if (this.#discarding) return
    const { inbox } = this
    inbox.push(item)
    if (!inbox.claimed && inbox.bytes >= this.#limit) this.#release ??= this.#run.hold()
  }

  endOfDatagram(): void {}

  end(): void {
    this.inbox.end()
    this.#run.onMessagesEnd()
  }

  /** Readers hear of it behind what waits. */
  endWith(error: Error): void {
    const isRead = this.inbox.claimed
    this.inbox.endWith(error)
    this.#run.onBroken(isRead)
  }

  reset(): void {}

  override endForSource(error: unknown): void {
    this.#run.onSinkFailed(error)
  }

  /** The handler is done: what still comes in is dropped. */
  discardInput(): void {
    this.#discarding = true
    this.#writeClosed = true
    this.inbox.fail(undefined, true)
    this.#letCome()
  }

  /** Resolves when fewer messages wait than may, or when none will come any more; undefined where it is so. */
  whenRoom(): Promise<void> | undefined {
    if (!this.#release || this.#over) return undefined
    return (this.#room ??= deferred()).promise
  }

  #letCome(): void {
    this.#release?.()
    this.#release = undefined
    this.#room?.resolve()
    this.#room = undefined
  }

  /** Whether messages may still come, and somebody may want them. */
  get awaitsEnd(): boolean {
    return !this.#discarding && !this.#inbox?.over && !this.#over
  }

  /** The run is over. Messages that came whole, with their end, can still be read. */
  fail(error: Error | undefined): void {
    this.#writeClosed = true
    this.#over = true
    this.#error ??= error
    if (error || !this.#inbox?.over) this.#inbox?.fail(error, false)
    this.#room?.resolve()
    this.#writable?.reject(error ?? new ConnectionClosedError())
  }

  /** Datagrams wait in the queue of their session, which is bounded by their number; here at most one does. */
  get #limit(): number {
    return this.#run.connection.datagram ? 1 : this.#run.options.highWaterMark
  }

  #makeInbox(): Inbox<unknown> {
    const flow = {
      pause: () => (this.#release ??= this.#run.hold()),
      resume: () => this.#letCome(),
      onTold: (pulls: boolean) => this.#run.onTold(pulls),
    }
    const inbox = new Inbox<unknown>(flow, this.#limit, sizeOf)
    if (this.#over) inbox.fail(this.#error, false)
    return inbox
  }

  /** An outbound stage is behind: writers are to wait until the function this returns is called. */
  holdWrites(): () => void {
    this.#writeHolds++
    let held = true
    return () => {
      if (held && --this.#writeHolds === 0) {
        this.#writable?.resolve()
        this.#writable = undefined
      }
      held = false
    }
  }
}
