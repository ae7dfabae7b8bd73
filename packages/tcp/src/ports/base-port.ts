import { NOBODY, type PortEvents } from './stream-port.ts'
import { systemError } from './system-error.ts'

/** What ports that drive a connection by themselves have in common: who is told, how far either direction has come, and what follows. */
export abstract class BasePort {
  inputEnded = false
  ending = false
  outputEnded = false
  protected events: PortEvents
  protected flowing = false
  protected released = false
  /** A write has failed, which is told in a turn of its own. */
  protected broken = false

  constructor(events: PortEvents) {
    this.events = events
  }

  get endWaits(): boolean {
    return false
  }

  abstract readonly keeps: boolean
  abstract destroy(): void
  /** Somebody reads: what was kept is for him. */
  protected abstract giveKept(): void

  resume(): void {
    if (this.flowing) return
    this.flowing = true
    // In a turn of its own, as it would have come.
    if (this.keeps) process.nextTick(() => this.giveKept())
  }

  pause(): void {
    this.flowing = false
  }

  protected endInput(): void {
    this.inputEnded = true
    this.events.onEnd()
    if (this.outputEnded) this.destroy()
  }

  /** The end of the output has been handed over. Where there is none any more, it has ended. */
  protected endOutput(): void {
    if (this.released) return
    this.outputEnded = true
    this.events.onFinish()
    if (this.inputEnded) this.destroy()
  }

  protected fail(cause: Error): void {
    if (this.released) return
    this.events.onError(cause)
    this.destroy()
  }

  /** A write has met an error of the system's. Told later, because drivers never call back from within a write. */
  protected break(status: number): void {
    this.broken = true
    process.nextTick(() => this.fail(systemError(status, 'write')))
  }

  protected onClosed(): void {
    const { events } = this
    this.events = NOBODY
    events.onClose()
  }
}
