import { type Emit, FrameTimeoutError, type PluginContext, type Stage } from '@millrace/core'

/**
 * Knows when a frame has been begun and when it is complete, whatever the framer: however bytes are cut, the frames are the
 * same, so it gives the last byte of each chunk by itself. Where that byte completes a frame nothing is half read; where it
 * does not, a frame has been begun.
 */
export class FrameWatch implements Stage<Uint8Array, Uint8Array> {
  readonly borrows = true
  readonly #timeout: number
  readonly #context: PluginContext
  /** Frames that have been completed during the push in hand. */
  #frames = 0
  /** By the clock; undefined between frames. */
  #begunAt: number | undefined
  #waiting = false

  /** @param timeout - in ms. */
  constructor(timeout: number, context: PluginContext) {
    this.#timeout = timeout
    this.#context = context
    context.watchFrames(() => this.#onFrame())
  }

  push(chunk: Uint8Array, emit: Emit<Uint8Array>): void {
    this.#frames = 0
    if (chunk.length > 1) emit(chunk.subarray(0, -1))
    const before = this.#frames
    emit(chunk.subarray(-1))
    if (this.#frames > before) return
    if (this.#begunAt === undefined) this.#begin()
  }

  #onFrame(): void {
    this.#frames++
    this.#begunAt = undefined
  }

  #begin(): void {
    const { clock } = this.#context
    this.#begunAt = clock.now()
    // The timer of a frame that was completed serves for the next one.
    if (!this.#waiting) this.#wait(this.#timeout)
  }

  #wait(delay: number): void {
    this.#waiting = true
    this.#context.clock.schedule(() => this.#look(), delay)
  }

  #look(): void {
    this.#waiting = false
    if (this.#begunAt === undefined) return
    const { readingSince, clock, fail } = this.#context
    // While nobody reads from the peer, it cannot be in time.
    if (readingSince === undefined) return this.#wait(this.#timeout)
    const left = Math.max(this.#begunAt, readingSince) + this.#timeout - clock.now()
    if (left > 0) this.#wait(left)
    else fail(new FrameTimeoutError(this.#timeout))
  }
}
