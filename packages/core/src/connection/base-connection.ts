import {
  BufferOverflowError,
  ConnectionAbortedError,
  ConnectionClosedError,
  ConnectionResetError,
  HalfCloseUnsupportedError,
} from '../errors/connection-errors.ts'
import { ActivityWatch } from './activity-watch.ts'
import { ConnectionQueues } from './connection-queues.ts'
import type { ConnectionInit } from './connection-init.ts'
import type { ConnectionOwner, ConnectionUser } from './connection-roles.ts'
import type { AbortOptions, CloseInfo, Connection, ConnectionStatus } from './connection.ts'
import type { Driver, DriverEvents } from './driver.ts'
import { Ending } from './ending.ts'
import { noChunk } from './no-chunk.ts'
import { ignoreRejection, unlessAborted } from './promises.ts'
import { checkUpgrade } from './check-upgrade.ts'
import type { TlsInfo } from './tls-info.ts'
import type { UpgradeOptions } from './upgrade-options.ts'

/**
 * A connection over any driver: the state, the queues, the faces and the timeouts that all transports share.
 * docs/lifecycle.md is its state machine.
 */
export class BaseConnection extends ConnectionQueues implements Connection, DriverEvents {
  user: ConnectionUser | undefined
  owner: ConnectionOwner | undefined
  /** Whether the end of the input closes it: so it is for datagrams, until a pipeline that has a last word takes over. */
  closesAtEnd: boolean
  readonly #watch: ActivityWatch
  #ended: Ending | undefined
  #status: ConnectionStatus = 'open'
  #bytesRead = 0
  /** What has arrived is being given out: the activity watch knows of this turn, and looks at what is written once at its end. */
  #receiving = false

  constructor(init: ConnectionInit) {
    super(init)
    this.closesAtEnd = this.datagram
    this.#watch = new ActivityWatch(init.clock, this.outbox, init.limits, this)
  }

  /** Made when somebody waits for the end, or it begins. */
  get #ending(): Ending {
    return (this.#ended ??= new Ending())
  }

  get status(): ConnectionStatus {
    return this.#status
  }

  get bytesRead(): number {
    return this.#bytesRead
  }

  get bytesWritten(): number {
    return this.outbox.accepted
  }

  /** When a byte last went either way, by the clock. */
  get lastActivity(): number {
    return this.#watch.lastActivity
  }

  /** What it has failed with; undefined while it has not. */
  get failure(): Error | undefined {
    return this.#ended?.error
  }

  get closed(): Promise<CloseInfo> {
    return this.#ending.closed
  }

  get signal(): AbortSignal {
    return this.#ending.signal
  }

  write(chunk: Uint8Array): boolean {
    if (!(chunk instanceof Uint8Array)) throw noChunk(chunk)
    if (this.#status !== 'open' && this.#status !== 'half-closed-remote') return false
    if (chunk.length === 0 && !this.datagram) return !this.outbox.full
    if (this.outbox.level >= this.limits.maxWriteBuffer) {
      this.#fail(new BufferOverflowError('the write queue', this.limits.maxWriteBuffer), 'local', 'reset')
      return false
    }
    const writable = this.outbox.push(chunk)
    if (!writable) this.readBrake.onWrite(chunk.length, this.#bytesRead, this.outbox, this.limits.highWaterMark)
    if (!this.#receiving) this.#watch.wrote()
    return writable
  }

  drain({ signal }: AbortOptions = {}): Promise<void> {
    if (this.#ended?.error) return Promise.reject(this.#ended.error)
    if (this.#status === 'closing' || this.#status === 'closed') return Promise.reject(new ConnectionClosedError())
    return unlessAborted(this.outbox.drained(), signal)
  }

  /**
   * Puts TLS on it: see {@link Driver.upgrade}. For an engine, whose reader holds back.
   *
   * @throws (as a rejection) {@link UpgradeError}; what the handshake failed with, which is the connection's error too.
   */
  async upgrade(options: UpgradeOptions): Promise<TlsInfo> {
    checkUpgrade(this, this.driver)
    const tls = await (this.driver as Required<Driver>).upgrade(options)
    this.tls = tls
    return tls
  }

  closeWrite({ signal }: AbortOptions = {}): Promise<void> {
    if (this.#ended?.error) return Promise.resolve()
    if (this.datagram && this.#status === 'open') {
      return ignoreRejection(Promise.reject(new HalfCloseUnsupportedError(this.transport)))
    }
    this.beginCloseWrite()
    return ignoreRejection(unlessAborted(this.#ending.writeEnded, signal))
  }

  /** {@link closeWrite} of a stream for one who does not wait: no promise is made. */
  beginCloseWrite(): void {
    if (this.#status === 'open') {
      this.#status = 'half-closed-local'
      this.outbox.flush()
      this.driver.endWrite()
    } else if (this.#status === 'half-closed-remote') {
      this.#finish('remote')
    }
  }

  close({ signal }: AbortOptions = {}): Promise<void> {
    this.beginClose()
    return ignoreRejection(unlessAborted(this.closed.then(() => {}), signal))
  }

  /** {@link close} for one who does not wait: no promise is made. */
  beginClose(): void {
    if (this.#status === 'closing' || this.#status === 'closed') return
    const initiator = this.#status === 'half-closed-remote' ? 'remote' : 'local'
    // First, so that a reader which is told finds the connection closing.
    this.#finish(initiator)
    this.inbox.fail(undefined, true)
  }

  abort(reason?: unknown): void {
    const error = reason instanceof Error ? reason : new ConnectionAbortedError(reason)
    this.#fail(error, 'local', 'reset')
  }

  /** Ends with an error, but delivers what was written first: for a peer that broke the rules and still gets its answers. */
  closeWith(error: Error): void {
    this.#fail(error, 'local', 'close')
  }

  onData(chunk: Uint8Array): void {
    if (this.#status === 'closing' || this.#status === 'closed') return
    this.#bytesRead += chunk.length
    this.#watch.touch()
    this.#receiving = true
    this.outbox.cork()
    this.inbox.push(chunk)
    this.outbox.uncork()
    this.#receiving = false
    this.#watch.watchWrites()
  }

  onEnd(): void {
    if (this.#status !== 'open' && this.#status !== 'half-closed-local') return
    const bothEnded = this.#status === 'half-closed-local'
    if (!bothEnded) this.#status = 'half-closed-remote'
    this.batch(() => this.inbox.end())
    const isOver = this.closesAtEnd && !this.sinking && this.#status === 'half-closed-remote'
    if (bothEnded || isOver) this.#finish('local')
  }

  onDrain(): void {
    this.#watch.touch()
    this.outbox.onDrain()
  }

  onWriteEnded(): void {
    this.#ending.settleWriteEnded()
  }

  onError(error: Error): void {
    this.#fail(error, 'remote', 'none')
  }

  onClosed(): void {
    if (this.#status === 'closed') return
    if (this.#status !== 'closing') this.onError(new ConnectionResetError(this.remoteAddress))
    this.#status = 'closed'
    this.#watch.stop()
    const error = this.user?.onRelease(this.#ending.info)
    if (error) this.#ending.begin({ error, initiator: 'local' })
    this.owner?.onGone(this.#ending.info)
    this.#ending.settle()
    this.outbox.fail(this.#ending.error)
  }

  /** Both directions are over, or this side wants them to be: flush and release. */
  #finish(initiator: CloseInfo['initiator']): void {
    this.#status = 'closing'
    this.#ending.begin({ initiator })
    this.outbox.flush()
    this.driver.close()
    // Its end may have to wait for the peer, too.
    this.#watch.watchWrites()
  }

  #fail(error: Error, initiator: CloseInfo['initiator'], end: 'close' | 'reset' | 'none'): void {
    if (this.#status === 'closed') return
    if (this.#ended?.error) {
      // It may still be sending what was written, to a peer that takes none of it.
      if (end === 'reset') this.driver.reset()
      return
    }
    this.#status = 'closing'
    this.#ending.begin({ error, initiator })
    if (end === 'close') this.outbox.flush()
    this.outbox.fail(error)
    if (end !== 'close') this.#watch.stop()
    this.inbox.fail(error, initiator === 'local')
    if (end === 'reset') this.driver.reset()
    if (end !== 'close') return
    this.driver.close()
    this.#watch.watchLastWrites()
  }
}
