import type { StreamBinding, StreamHandle, StreamRequest } from './stream-binding.ts'
import { systemError } from './system-error.ts'
import { GATHER_BYTES, WriteQueue } from './write-queue.ts'

/** Bytes of one request at most, where a slow peer has left that much waiting. */
const MOST_AT_ONCE = 1024 * 1024

/** What a {@link HandleWriter} tells. */
export interface WriterEvents {
  onSent(): void
  onShutdown(): void
  onError(cause: Error): void
}

type Request = StreamRequest<HandleWriter>

/** A request that the kernel served at once was never under way: the same object serves the next one, of any handle. */
let spare: Request | undefined

/**
 * Writes to a handle, one request at a time. The kernel mostly takes all of it in the call; where it does not, what is left
 * and what comes after waits.
 */
export class HandleWriter {
  readonly #handle: StreamHandle
  readonly #binding: StreamBinding
  readonly #events: WriterEvents
  /** What is under way: kept, because the kernel reads from it. */
  #underWay: readonly Uint8Array[] | undefined
  #queue: WriteQueue | undefined
  /** Bytes that a broken connection has not taken, and will not. */
  #lost = 0

  constructor(handle: StreamHandle, binding: StreamBinding, events: WriterEvents) {
    this.#handle = handle
    this.#binding = binding
    this.#events = events
  }

  /** Bytes that the kernel has not taken. */
  get queuedBytes(): number {
    if (this.#underWay === undefined) return this.#lost
    // What is under way counts until that is told, if the kernel has it or not.
    return Math.max(1, this.#handle.writeQueueSize) + (this.#queue?.bytes ?? 0)
  }

  send(chunks: Uint8Array[], bytes: number): void {
    if (this.#underWay) (this.#queue ??= new WriteQueue(MOST_AT_ONCE)).push(chunks, bytes)
    else if (this.#lost === 0) this.#request(chunks, bytes)
  }

  /** Forgets what waits. */
  discard(): void {
    this.#queue = undefined
  }

  /** Half-closes; everything has been sent. */
  end(): void {
    const request = new this.#binding.ShutdownWrap() as Request
    request.owner = this
    request.oncomplete = onShutdown
    // A connection that is broken already has no output to end.
    if (this.#handle.shutdown(request) < 0) process.nextTick(onShutdown.bind(request))
  }

  onShutdown(): void {
    this.#events.onShutdown()
  }

  onComplete(status: number): void {
    this.#underWay = undefined
    if (status < 0) return this.#fail(status, 1)
    const queue = this.#queue
    while (queue && queue.bytes > 0 && this.queuedBytes === 0) {
      const before = queue.bytes
      const chunks = queue.take()
      this.#request(chunks, before - queue.bytes)
    }
    if (this.queuedBytes === 0) this.#events.onSent()
  }

  #request(chunks: Uint8Array[], bytes: number): void {
    const { WriteWrap, streamBaseState, kLastWriteWasAsync } = this.#binding
    const request = spare ?? (new WriteWrap() as Request)
    spare = undefined
    const status = this.#write(request, chunks, bytes)
    if (status < 0) {
      this.#fail(status, bytes)
    } else if (streamBaseState[kLastWriteWasAsync]) {
      this.#underWay = chunks
      request.owner = this
      request.oncomplete = onComplete
    } else {
      spare = request
    }
  }

  #write(request: Request, chunks: Uint8Array[], bytes: number): number {
    if (chunks.length === 1) return this.#handle.writeBuffer(request, chunks[0] as Uint8Array)
    if (bytes >= chunks.length * GATHER_BYTES) return this.#handle.writev(request, chunks, true)
    const joined = Buffer.concat(chunks, bytes)
    chunks.splice(0, chunks.length, joined)
    return this.#handle.writeBuffer(request, joined)
  }

  #fail(status: number, bytes: number): void {
    this.#lost = bytes
    this.#queue = undefined
    process.nextTick(() => this.#events.onError(systemError(status, 'write')))
  }
}

function onComplete(this: Request, status: number): void {
  const { owner } = this
  this.owner = undefined
  owner?.onComplete(status)
}

function onShutdown(this: Request): void {
  const { owner } = this
  this.owner = undefined
  owner?.onShutdown()
}
