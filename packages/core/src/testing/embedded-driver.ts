import type { Driver, DriverEvents } from '../connection/driver.ts'

/** What may come from the peer: an item, or the end. */
type Input = { readonly item: unknown } | 'end'

/**
 * A driver with no other end: what is written is kept to be looked at, what is to be read is given by hand. Nothing
 * happens by itself; {@link EmbeddedDriver.work} does what there is to do.
 */
export class EmbeddedDriver implements Driver {
  pendingBytes = 0
  /** Whether the connection wants to read. */
  reading = false
  /** What has come out, or is to be told; only grows. */
  activity = 0
  /** Whether the peer has seen the end of the output. */
  outputEnded = false
  readonly #events: DriverEvents
  readonly #feed: (item: unknown) => void
  readonly #onOutput: (chunk: Uint8Array) => void
  readonly #wake: () => void
  readonly #input: Input[] = []
  #stuck: Uint8Array[] = []
  #clogged = false
  #ending: 'no' | 'write' | 'close' | 'told' = 'no'
  #released = false

  /** @param wake - called when there is work to do and nobody at it. */
  constructor(
    events: DriverEvents,
    handlers: {
      readonly feed: (item: unknown) => void
      readonly onOutput: (chunk: Uint8Array) => void
      readonly wake: () => void
    },
  ) {
    this.#events = events
    this.#feed = handlers.feed
    this.#onOutput = handlers.onOutput
    this.#wake = handlers.wake
  }

  /** From the peer, when the connection reads. */
  receive(input: Input): void {
    this.#input.push(input)
  }

  /** The peer takes nothing more until it is let go. */
  clog(): void {
    this.#clogged = true
  }

  unclog(): void {
    this.#clogged = false
    const chunks = this.#stuck
    this.#stuck = []
    this.pendingBytes = 0
    for (const chunk of chunks) this.#onOutput(chunk)
    if (chunks.length > 0 && !this.#released) this.#events.onDrain()
  }

  /** Delivers what is wanted and tells what is to be told. @returns whether there was anything. */
  work(): boolean {
    const before = this.activity
    while (this.reading && this.#input.length > 0 && this.#ending !== 'close' && !this.#released) {
      const input = this.#input.shift() as Input
      this.activity++
      if (input === 'end') this.#events.onEnd()
      else this.#feed(input.item)
    }
    if (this.pendingBytes === 0) this.#tellEnd()
    return this.activity !== before
  }

  resume(): void {
    this.reading = true
    this.#wake()
  }

  pause(): void {
    this.reading = false
  }

  write(chunks: Uint8Array[], bytes: number): void {
    this.activity++
    // Copies: once drained, the writer may use its bytes again.
    const copies = chunks.map((chunk) => chunk.slice())
    if (this.#clogged) {
      this.#stuck.push(...copies)
      this.pendingBytes += bytes
    } else {
      for (const chunk of copies) this.#onOutput(chunk)
    }
  }

  endWrite(): void {
    if (this.#ending === 'no') this.#ending = 'write'
    this.#wake()
  }

  close(): void {
    this.#ending = 'close'
    this.#wake()
  }

  reset(): void {
    this.#stuck = []
    this.pendingBytes = 0
    this.#released = true
    this.#ending = 'close'
    this.#wake()
  }

  #tellEnd(): void {
    if (this.#ending === 'no' || this.#ending === 'told') return
    this.activity++
    const ending = this.#ending
    this.#ending = 'told'
    if (!this.#released) this.outputEnded = true
    if (ending === 'write') {
      this.#events.onWriteEnded()
      return
    }
    this.#released = true
    this.#events.onClosed()
  }
}
