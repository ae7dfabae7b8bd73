import type { StreamBinding, StreamHandle, StreamRequest } from './stream-binding.ts'
import { WriteQueue } from './write-queue.ts'
import { type RequestOwner, writeTo } from './write-request.ts'

/** Bytes of one request at most, where a slow peer has left that much waiting. */
const MOST_AT_ONCE = 1024 * 1024

/** What an {@link Unsent} tells. */
export interface UnsentEvents {
  /** Everything has gone out. */
  onAllSent(): void
  /** @param status - the system's error. */
  onWriteError(status: number): void
}

/** What the kernel did not take at once: the request under way, and what came after it. There while there is any. */
export class Unsent implements RequestOwner {
  readonly #handle: StreamHandle
  readonly #binding: StreamBinding
  readonly #events: UnsentEvents
  readonly #queue: WriteQueue = new WriteQueue(MOST_AT_ONCE)
  /** Kept, because the kernel reads from them. */
  #underWay: readonly Uint8Array[] | undefined
  #over = false

  constructor(handle: StreamHandle, binding: StreamBinding, events: UnsentEvents) {
    this.#handle = handle
    this.#binding = binding
    this.#events = events
  }

  get bytes(): number {
    // What is under way counts until that is told, whether the kernel has it or not.
    return (this.#underWay ? Math.max(1, this.#handle.writeQueueSize) : 0) + this.#queue.bytes
  }

  /** A request of these chunks is under way. */
  await(request: StreamRequest<RequestOwner>, chunks: readonly Uint8Array[]): void {
    this.#underWay = chunks
    request.owner = this
  }

  /** Waits its turn. */
  push(chunks: readonly Uint8Array[], bytes: number): void {
    this.#queue.push(chunks, bytes)
  }

  /** Sends at the end of this turn what has come by then, in one. */
  gather(): void {
    setImmediate(() => {
      if (!this.#over) this.onComplete(0)
    })
  }

  /** Forgets what is not under way, for good. */
  discard(): void {
    this.#over = true
    this.#queue.clear()
  }

  onComplete(status: number): void {
    this.#underWay = undefined
    let error = status
    while (error >= 0 && this.#queue.bytes > 0 && this.#underWay === undefined) error = this.#sendNext()
    if (error < 0) this.#events.onWriteError(error)
    else if (this.#underWay === undefined) this.#events.onAllSent()
  }

  #sendNext(): number {
    const before = this.#queue.bytes
    const chunks = this.#queue.take()
    const outcome = writeTo(this.#handle, this.#binding, chunks, before - this.#queue.bytes)
    if (typeof outcome === 'number') return outcome
    this.await(outcome, chunks)
    return 0
  }
}
