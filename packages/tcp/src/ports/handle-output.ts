import { BasePort } from './base-port.ts'
import type { StreamBinding, StreamHandle } from './stream-binding.ts'
import type { PortEvents } from './stream-port.ts'
import { Unsent, type UnsentEvents } from './unsent.ts'
import { writeNow } from './write-now.ts'
import { endWriting, type RequestOwner, writeTo } from './write-request.ts'

/** The half of a port on a handle that writes. A part of the port and no object of its own, which each connection would carry. */
export abstract class HandleOutput extends BasePort implements UnsentEvents, RequestOwner {
  protected readonly handle: StreamHandle
  protected readonly binding: StreamBinding
  protected unsent: Unsent | undefined
  /** What is given out just now is lent. */
  protected lending = false

  constructor(handle: StreamHandle, events: PortEvents, binding: StreamBinding) {
    super(events)
    this.handle = handle
    this.binding = binding
  }

  /** Everything has been sent: what was lent may be free again. */
  protected abstract reuse(): void

  get queuedBytes(): number {
    return this.unsent?.bytes ?? (this.broken ? 1 : 0)
  }

  override get endWaits(): boolean {
    return this.handle.endError !== undefined
  }

  send(chunks: Uint8Array[], bytes: number): void {
    if (this.lending) this.#sendLent(chunks, bytes)
    else if (this.unsent) this.unsent.push(chunks, bytes)
    else if (!this.broken) this.#request(chunks, bytes)
  }

  end(): void {
    this.ending = true
    endWriting(this.handle, this.binding, this)
  }

  /** For what was unsent. */
  onAllSent(): void {
    this.unsent = undefined
    if (this.released) return
    this.reuse()
    this.events.onSent()
  }

  /** For what was unsent, too. */
  onWriteError(status: number): void {
    this.unsent = undefined
    this.break(status)
  }

  /** For the request that ends the output. */
  onComplete(): void {
    this.endOutput()
  }

  /** Of a TLS record that is full the next one is most likely here too, and each write is a request of its own. */
  protected gather(): void {
    if (this.unsent || this.broken || !this.handle.endError) return
    this.unsent = new Unsent(this.handle, this.binding, this)
    this.unsent.gather()
  }

  #request(chunks: Uint8Array[], bytes: number): void {
    const outcome = writeTo(this.handle, this.binding, chunks, bytes)
    if (outcome === 0) return
    if (typeof outcome === 'number') return this.onWriteError(outcome)
    this.unsent = new Unsent(this.handle, this.binding, this)
    this.unsent.await(outcome, chunks)
  }

  /** What is in these chunks will be overwritten: only what the kernel takes at once need not be copied. */
  #sendLent(chunks: Uint8Array[], bytes: number): void {
    if (this.broken) return
    const sent = this.unsent ? 0 : writeNow(this.handle.fd, chunks)
    if (sent < 0) return this.onWriteError(sent)
    if (sent === bytes) return
    const rest = Buffer.concat(chunks, bytes).subarray(sent)
    if (this.unsent) this.unsent.push([rest], bytes)
    else this.#request([rest], bytes - sent)
  }
}
