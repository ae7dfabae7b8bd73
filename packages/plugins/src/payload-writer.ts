import { Buffer } from 'node:buffer'
import { isUint8Array } from 'node:util/types'
import type { Direction } from '@millrace/core'
import { escapeBytes, escapeControls, hexDump } from './byte-format.ts'
import { describeMessage } from './describe-message.ts'
import { SecretHider } from './secret-hider.ts'

/**
 * Takes out of a payload what must not be logged. It gets a copy, which it may change and return, of one whole item (of
 * a message that is no bytes: of its text in UTF-8). What it returns is logged in its place. If it throws, none of the
 * payload is logged.
 */
export type Redact = (payload: Uint8Array, direction: Direction) => Uint8Array

/** How the payload of each item is written. */
export interface PayloadOptions {
  readonly format: 'hex' | 'text' | 'summary'
  /** In bytes; of a message that is no bytes, in characters. */
  readonly maxBytes: number
  readonly redact?: Redact
  /** What comes before a secret; never empty strings. */
  readonly markers: readonly string[]
}

/** The fields of a line that hold payload. */
export interface PayloadFields {
  /** Escaped text, or the rows of a hex dump. */
  readonly payload?: string | readonly string[]
  /** How many bytes `maxBytes` left out; of a message, only that it did. */
  readonly omitted?: number | true
}

/** A text is rendered this much longer than shown, so that a redactor sees a secret that goes over the edge whole. */
const EDGE = 4096

/** Makes what a log line shows of one direction's items. */
export class PayloadWriter {
  readonly #options: PayloadOptions
  readonly #direction: Direction
  readonly #hider: SecretHider | undefined

  constructor(options: PayloadOptions, direction: Direction) {
    this.#options = options
    this.#direction = direction
    if (options.markers.length > 0) this.#hider = new SecretHider(options.markers)
  }

  /**
   * @param offset - of the item's first byte, for the hex dump.
   * @throws what the redactor throws, and a `TypeError` when it returns no bytes.
   */
  write(item: unknown, offset: number): PayloadFields {
    return isUint8Array(item) ? this.#writeBytes(item, offset) : this.#writeMessage(item)
  }

  #writeBytes(bytes: Uint8Array, offset: number): PayloadFields {
    const { format, maxBytes } = this.#options
    const clean = this.#hide(this.#redact(bytes), this.#hider)
    const shown = clean.subarray(0, maxBytes)
    const payload = format === 'hex' ? hexDump(shown, offset) : escapeBytes(shown)
    return clean.length > maxBytes ? { payload, omitted: clean.length - maxBytes } : { payload }
  }

  #writeMessage(message: unknown): PayloadFields {
    const { maxBytes, redact, markers } = this.#options
    const cleans = redact !== undefined || markers.length > 0
    const described = describeMessage(message, cleans ? maxBytes + EDGE : maxBytes)
    const text = cleans ? this.#cleanText(described.text) : described.text
    const payload = escapeControls(text.slice(0, maxBytes))
    return described.cut || text.length > maxBytes ? { payload, omitted: true } : { payload }
  }

  /** A message is whole, so its text has nothing to do with the one before. */
  #cleanText(text: string): string {
    const { markers } = this.#options
    const hider = markers.length > 0 ? new SecretHider(markers) : undefined
    return Buffer.from(this.#hide(this.#redact(Buffer.from(text)), hider)).toString()
  }

  #redact(bytes: Uint8Array): Uint8Array {
    const { redact } = this.#options
    if (redact === undefined) return bytes
    const redacted: unknown = redact(Uint8Array.from(bytes), this.#direction)
    if (!isUint8Array(redacted)) throw new TypeError('redact must return a Uint8Array')
    return redacted
  }

  #hide(bytes: Uint8Array, hider: SecretHider | undefined): Uint8Array {
    return hider === undefined ? bytes : hider.hide(bytes)
  }

  /** An item went by that was not written. */
  missed(): void {
    this.#hider?.missed()
  }

  /** The next item has nothing to do with those before: a datagram has ended. */
  reset(): void {
    this.#hider?.reset()
  }
}
