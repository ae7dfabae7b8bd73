import { Buffer } from 'node:buffer'
import { CorruptFrameError, type Emit, type Stage, UnexpectedEndError } from '@millrace/core'
import type { Encoding } from './encodings.ts'

const NOTHING: Uint8Array = new Uint8Array(0)

/** What a {@link TextStreamDecoder} goes by. */
export interface TextRules {
  readonly encoding: Encoding
  readonly invalid: 'error' | 'replace'
  readonly datagram: boolean
}

/**
 * A stream of bytes to a stream of text, however it is cut: strings joined are the text, and their boundaries mean
 * nothing. On a datagram connection each datagram is one string.
 */
export class TextStreamDecoder implements Stage<Uint8Array, string> {
  readonly borrows = true
  readonly #rules: TextRules
  /** The good beginning of a character that a chunk ended in: at most three bytes. */
  #tail: Uint8Array = NOTHING
  /** Text of the current datagram. */
  #held = ''
  /** Bytes of this stream, or datagram, before {@link #tail}. */
  #before = 0

  constructor(rules: TextRules) {
    this.#rules = rules
  }

  push(chunk: Uint8Array, emit: Emit<string>): void {
    const { encoding } = this.#rules
    const bytes = this.#tail.length === 0 ? chunk : Buffer.concat([this.#tail, chunk])
    const end = bytes.length - encoding.cut(bytes)
    this.#tail = end === bytes.length ? NOTHING : Uint8Array.from(bytes.subarray(end))
    this.#decode(bytes.subarray(0, end), emit)
    this.#before += end
  }

  end(emit: Emit<string>): void {
    this.#finish(emit)
    this.reset()
  }

  endOfDatagram(emit: Emit<string>): void {
    this.#finish(emit)
    const text = this.#held
    this.reset()
    emit(text)
  }

  reset(): void {
    this.#tail = NOTHING
    this.#held = ''
    this.#before = 0
  }

  #decode(bytes: Uint8Array, emit: Emit<string>): void {
    const { encoding, invalid } = this.#rules
    const bad = invalid === 'error' ? encoding.firstInvalid(bytes) : -1
    this.#give(encoding.decode(bad === -1 ? bytes : bytes.subarray(0, bad)), emit)
    if (bad !== -1) throw new CorruptFrameError('bytes that are no text', { offset: this.#before + bad })
  }

  #give(text: string, emit: Emit<string>): void {
    if (this.#rules.datagram) this.#held += text
    else if (text !== '') emit(text)
  }

  #finish(emit: Emit<string>): void {
    const { encoding, invalid } = this.#rules
    const { length } = this.#tail
    if (length === 0) return
    if (invalid === 'error') throw new UnexpectedEndError(length, { offset: this.#before })
    this.#give(encoding.decode(this.#tail), emit)
  }
}
