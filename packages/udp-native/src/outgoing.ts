import type { Binding, SocketHandle } from './binding.ts'
import { type OnSendFailed, SendRing, type Target } from './send-ring.ts'
import { systemError } from './system-error.ts'
import { WaitingSends } from './waiting-sends.ts'

const EMSGSIZE = 90
const ENOBUFS = 105
/** How soon a kernel without memory for a datagram is asked again, in ms: nothing tells when it has some. */
const RETRY_DELAY = 1
/** How often, before that datagram counts as failed. */
const MOST_RETRIES = 100

/**
 * The way out of a socket: what one turn sends goes out by one call, what the kernel has no room for waits here and keeps
 * its order.
 */
export class Outgoing {
  readonly #binding: Binding
  readonly #socket: SocketHandle
  readonly #ring: SendRing
  readonly #onSendFailed: OnSendFailed
  readonly #waiting: WaitingSends = new WaitingSends()
  readonly #forgotten: number[] = []
  #isClosed = false
  #scheduled = false
  #retries = 0
  #timer: NodeJS.Timeout | undefined

  constructor(binding: Binding, socket: SocketHandle, shared: ArrayBuffer, onSendFailed: OnSendFailed) {
    this.#binding = binding
    this.#socket = socket
    this.#onSendFailed = onSendFailed
    this.#ring = new SendRing(binding, socket, shared, onSendFailed)
  }

  /** Bytes that the kernel had no room for. */
  get queuedBytes(): number {
    return this.#waiting.bytes
  }

  send(data: Uint8Array, to: Target): void {
    if (this.#isClosed) return
    if (data.length > this.#binding.ringBytes) return this.#refuse(data.length, to)
    if (!this.#waiting.empty) return this.#wait(data, to)
    if (!this.#ring.push(data, to)) {
      this.flush()
      return this.send(data, to)
    }
    if (!this.#scheduled && !this.#ring.delivering) this.#schedule()
  }

  /** For the batch that is being given out: its state stands with that of the ring. */
  release(): void {
    this.#ring.release()
  }

  flush(): void {
    if (!this.#isClosed) this.#onUnsent(this.#ring.flush(true, this.#wait))
  }

  /** The C side has flushed after a batch, and not everything went. */
  onFlushed(done: number): void {
    this.#onUnsent(this.#ring.settle(done, this.#wait))
  }

  /** The C side forgets the number once it is in no entry and no datagram waits for it. */
  forget(peer: number): void {
    this.#forgotten.push(peer)
    this.#schedule()
  }

  /** Tries what waits again. Everything stays where it is until it is known to be gone. */
  resend(): void {
    let errno = 0
    while (errno === 0 && !this.#waiting.empty) {
      let pushed = 0
      for (let next = this.#waiting.at(0); next; next = this.#waiting.at(pushed)) {
        if (!this.#ring.push(next.data, next.to)) break
        pushed++
      }
      let unsent = 0
      // In their order: the first of them are those that went.
      errno = this.#ring.flush(false, () => unsent++)
      this.#waiting.shift(pushed - unsent)
    }
    this.#onUnsent(errno)
    if (this.#waiting.empty && this.#forgotten.length > 0) this.#schedule()
  }

  /** Sends what is collected; what waits is dropped. */
  close(): void {
    this.flush()
    this.#isClosed = true
    this.#waiting.clear()
    clearTimeout(this.#timer)
  }

  /** @internal */
  onTurnEnd(): void {
    // The numbers in a batch are as they were when it came: one let go before its end could become another peer's, who would then get
    // what the batch still has of the old one. The C side flushes after its batch by itself.
    if (this.#ring.delivering) return void setImmediate(endTurn, this)
    this.#scheduled = false
    if (this.#isClosed) return
    this.flush()
    if (!this.#waiting.empty) return
    for (const peer of this.#forgotten.splice(0)) this.#binding.forget(this.#socket, peer)
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    process.nextTick(endTurn, this)
  }

  readonly #wait = (data: Uint8Array, to: Target): void => {
    this.#waiting.push({ data: new Uint8Array(data), to })
  }

  /** Sees to it that what waits is tried again. */
  #onUnsent(errno: number): void {
    if (errno === 0 || this.#isClosed) return
    if (errno === ENOBUFS) this.#timer ??= setTimeout(() => this.#retry(), RETRY_DELAY)
    else this.#binding.watchWritable(this.#socket)
  }

  #retry(): void {
    this.#timer = undefined
    const first = this.#waiting.at(0)
    this.resend()
    if (first === undefined || this.#waiting.at(0) !== first) {
      this.#retries = 0
    } else if (++this.#retries >= MOST_RETRIES) {
      this.#retries = 0
      this.#waiting.shift(1)
      this.#onSendFailed(first.to, first.data.length, systemError('send', ENOBUFS))
    }
  }

  #refuse(bytes: number, to: Target): void {
    process.nextTick(() => this.#onSendFailed(to, bytes, systemError('send', EMSGSIZE)))
  }
}

function endTurn(outgoing: Outgoing): void {
  outgoing.onTurnEnd()
}
