import { type Emit, FrameRefusedError, type PluginContext, type Stage, type Timer } from '@millrace/core'
import type { Rate } from './rate.ts'

/** In ms: the shortest wait, so that connections that share a rate do not wake all the time for one item. */
const LEAST_WAIT = 10
/** In ms: after so long it looks again at how long it has to wait. */
const MOST_WAIT = 60_000

/**
 * Keeps a stream within a rate: over it, nothing more is read from the peer, and the items that were on their way already
 * wait here.
 */
export class HoldingStage implements Stage<unknown, unknown> {
  readonly #rate: Rate
  readonly #context: PluginContext
  #waiting: unknown[] = []
  #release: (() => void) | undefined
  #timer: Timer | undefined

  constructor(rate: Rate, context: PluginContext) {
    this.#rate = rate
    this.#context = context
  }

  push(item: unknown, emit: Emit<unknown>): void {
    if (this.#context.draining.aborted) emit(item)
    else if (this.#waiting.length > 0 || !this.#rate.takeOwing(item)) this.#waiting.push(item)
    else emit(item)
    if (this.#waiting.length > 0 || this.#rate.wait > 0) this.#hold()
  }

  /** The last items are given at once: the end would overtake them. */
  end(emit: Emit<unknown>): void {
    for (const item of this.#waiting.splice(0)) emit(item)
  }

  /** The connection is gone. */
  close(): void {
    this.#waiting = []
    this.#letGo()
  }

  #hold(): void {
    const { hold, draining } = this.#context
    if (this.#release || draining.aborted) return
    this.#release = hold()
    draining.addEventListener('abort', this.#onDraining)
    this.#wakeLater()
  }

  #wakeLater(): void {
    const delay = Math.min(Math.max(this.#rate.wait, LEAST_WAIT), MOST_WAIT)
    this.#timer = this.#context.clock.schedule(() => this.#wake(), delay)
  }

  #wake(): void {
    let given = 0
    while (given < this.#waiting.length && this.#rate.takeOwing(this.#waiting[given])) {
      this.#context.emitInbound(this.#waiting[given++])
    }
    this.#waiting.splice(0, given)
    if (this.#waiting.length > 0 || this.#rate.wait > 0) this.#wakeLater()
    else this.#letGo()
  }

  /** A draining server closes what is silent: what has been read is not to be lost by waiting here. */
  readonly #onDraining = (): void => {
    for (const item of this.#waiting.splice(0)) this.#context.emitInbound(item)
    this.#letGo()
  }

  #letGo(): void {
    this.#timer?.cancel()
    this.#context.draining.removeEventListener('abort', this.#onDraining)
    this.#release?.()
    this.#release = undefined
  }
}

/** Keeps datagrams within a rate: what is over it is dropped. */
export class DroppingStage implements Stage<unknown, unknown> {
  readonly borrows = true
  readonly #rate: Rate

  constructor(rate: Rate) {
    this.#rate = rate
  }

  push(item: unknown, emit: Emit<unknown>): void {
    if (!this.#rate.takeWhole(item)) throw new FrameRefusedError('it is over the rate')
    emit(item)
  }
}
