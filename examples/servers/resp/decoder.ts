import {
  ByteAccumulator,
  CorruptFrameError,
  type Emit,
  FrameTooLongError,
  type Stage,
  UnexpectedEndError,
} from 'millrace'
import type { Command } from './messages.ts'

/** What a command may be at most: its arguments in bytes, and their number. */
export interface Limits {
  readonly maxLength: number
  readonly maxArguments: number
}

const LF = 10
const CR = 13
const STAR = 0x2a
const DOLLAR = 0x24
const HEAD = /^[*$](-?\d{1,10})\r$/
/** In bytes: the longest line with a number, and the longest command in a line. */
const MAX_HEAD = 32
const MAX_INLINE = 65_536

/** Bytes to commands, which are arrays of bulk strings (`*1\r\n$4\r\nPING\r\n`) or words in a line (`PING\r\n`). */
export class Decoder implements Stage<Uint8Array, Command> {
  readonly borrows = true
  readonly #limits: Limits
  readonly #held: ByteAccumulator
  #arguments: Uint8Array[] = []
  /** How many arguments are still to come. */
  #missing = 0
  /** Length of the string that is being read, its CR LF included; 0 where a line is. */
  #wanted = 0
  /** Of the arguments so far, in bytes. */
  #size = 0
  /** Where the chunk, and where the command, begins. */
  #before = 0
  #start = 0

  constructor(limits: Limits) {
    this.#limits = limits
    this.#held = new ByteAccumulator(Math.max(limits.maxLength, MAX_INLINE) + 2)
  }

  push(chunk: Uint8Array, emit: Emit<Command>): void {
    let at = 0
    while (at < chunk.length) {
      at = this.#wanted > 0 ? this.#readString(chunk, at, emit) : this.#readLine(chunk, at, emit)
    }
    this.#before += chunk.length
  }

  end(): void {
    const offset = this.#start
    const received = this.#before - offset
    this.reset()
    if (received > 0) throw new UnexpectedEndError(received, { offset })
  }

  endOfDatagram(): void {
    this.end()
  }

  reset(): void {
    this.#held.clear()
    this.#arguments = []
    this.#missing = this.#wanted = this.#size = this.#before = this.#start = 0
  }

  /** @returns where the next line or string begins. */
  #readString(chunk: Uint8Array, at: number, emit: Emit<Command>): number {
    const end = Math.min(chunk.length, at + this.#wanted - this.#held.length)
    this.#held.append(chunk, at, end, this.#wanted)
    if (this.#held.length < this.#wanted) return end
    const string = this.#held.take()
    const offset = this.#before + end - 2
    if (string.at(-2) !== CR || string.at(-1) !== LF) {
      throw new CorruptFrameError('no CR LF behind a bulk string', { offset })
    }
    this.#wanted = 0
    // A copy of its own: the store may keep it for long.
    this.#arguments.push(new Uint8Array(string.subarray(0, -2)))
    if (--this.#missing === 0) this.#finish(this.#arguments, this.#before + end, emit)
    return end
  }

  #readLine(chunk: Uint8Array, at: number, emit: Emit<Command>): number {
    const first = this.#held.length > 0 ? this.#held.bytes[0] : chunk[at]
    const offset = this.#before + at - this.#held.length
    if (this.#missing > 0 && first !== DOLLAR) throw new CorruptFrameError("expected '$'", { offset })
    const isHead = this.#missing > 0 || first === STAR
    const newline = chunk.indexOf(LF, at)
    const end = newline === -1 ? chunk.length : newline
    const length = this.#held.length + end - at
    const most = isHead ? MAX_HEAD : Math.min(MAX_INLINE, this.#limits.maxLength)
    if (length > most) throw new FrameTooLongError(most, most + 1, { offset })
    this.#held.append(chunk, at, end)
    if (newline === -1) return end
    const { buffer, byteOffset, byteLength } = this.#held.take()
    this.#takeLine(Buffer.from(buffer, byteOffset, byteLength).toString('latin1'), isHead, offset, emit)
    return end + 1
  }

  #takeLine(line: string, isHead: boolean, offset: number, emit: Emit<Command>): void {
    const count = Number(HEAD.exec(line)?.[1] ?? NaN)
    if (this.#missing > 0) return this.#beginString(count, offset)
    const words = isHead ? [] : line.split(/\s+/).filter(Boolean)
    this.#checkCount(isHead ? count : words.length, offset)
    if (isHead && count > 0) this.#missing = count
    else this.#finish(words.map((word) => Uint8Array.from(Buffer.from(word, 'latin1'))), offset + line.length + 1, emit)
  }

  #beginString(length: number, offset: number): void {
    if (!(length >= 0)) throw new CorruptFrameError('invalid bulk length', { offset })
    this.#size += length
    const { maxLength } = this.#limits
    if (this.#size > maxLength) throw new FrameTooLongError(maxLength, this.#size, { offset: this.#start })
    this.#wanted = length + 2
  }

  #checkCount(count: number, offset: number): void {
    if (!(count <= this.#limits.maxArguments)) {
      throw new CorruptFrameError('invalid multibulk length', { offset })
    }
  }

  /** What has no argument is passed over. */
  #finish(command: readonly Uint8Array[], next: number, emit: Emit<Command>): void {
    this.#arguments = []
    this.#size = 0
    this.#start = next
    if (command.length > 0) emit(command)
  }
}
