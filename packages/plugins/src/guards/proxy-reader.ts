import { Buffer } from 'node:buffer'
import { CorruptFrameError } from '@millrace/core'
import type { ProxyHeader } from './proxy-header.ts'
import { LONGEST_V1, parseV1 } from './proxy-v1.ts'
import { FIXED_V2, lengthOfV2, parseV2, SIGNATURE } from './proxy-v2.ts'

const V1_START: Uint8Array = Buffer.from('PROXY ', 'latin1')
const LF = 0x0a
const CR = 0x0d

/** What a {@link ProxyReader} keeps to. */
export interface ProxyReaderOptions {
  readonly version: 'any' | '1' | '2'
  /** In bytes: what may follow the first sixteen of a version 2 header. */
  readonly maxLength: number
}

/** Reads one PROXY header, however it is cut. What it keeps is a copy, and no longer than a header may be. */
export class ProxyReader {
  /** What was read, once all of it has come. */
  header: ProxyHeader | undefined
  /** Bytes of the header that have come. */
  received = 0
  readonly #options: ProxyReaderOptions
  #bytes: Buffer = Buffer.alloc(LONGEST_V1)
  /** Of a version 2 header: in bytes, as far as it is known. */
  #wanted = FIXED_V2

  constructor(options: ProxyReaderOptions) {
    this.#options = options
  }

  /**
   * Takes what belongs to the header.
   *
   * @returns how many bytes that were. The rest is not the header's.
   * @throws {@link CorruptFrameError}, as soon as what has come can be no header.
   */
  read(chunk: Uint8Array): number {
    let used = 0
    while (used < chunk.length && !this.header) {
      const rest = chunk.subarray(used)
      if (this.received === 0) this.#checkVersion(rest[0] as number)
      used += this.#isV1(rest) ? this.#readV1(rest) : this.#readV2(rest)
    }
    return used
  }

  #isV1(rest: Uint8Array): boolean {
    return (this.received > 0 ? this.#bytes[0] : rest[0]) === V1_START[0]
  }

  #checkVersion(first: number): void {
    const { version } = this.#options
    const version1 = first === V1_START[0] && version !== '2'
    const version2 = first === SIGNATURE[0] && version !== '1'
    if (!version1 && !version2) throw new CorruptFrameError('no PROXY header of a version that is taken')
  }

  #readV1(rest: Uint8Array): number {
    const end = rest.indexOf(LF) + 1
    const part = rest.subarray(0, end === 0 ? rest.length : end)
    const room = LONGEST_V1 - this.received
    this.#keep(part.subarray(0, room), V1_START)
    if (part.length > room) {
      throw new CorruptFrameError(`a PROXY header of version 1 of more than ${LONGEST_V1} bytes`)
    }
    if (end === 0) return part.length
    if (this.#bytes[this.received - 2] !== CR) throw new CorruptFrameError('a PROXY header that does not end in CR LF')
    this.header = parseV1(this.#bytes.toString('latin1', 0, this.received - 2))
    return part.length
  }

  #readV2(rest: Uint8Array): number {
    const part = rest.subarray(0, this.#wanted - this.received)
    this.#keep(part, SIGNATURE)
    if (this.received < this.#wanted) return part.length
    if (this.received === FIXED_V2) this.#makeRoom()
    if (this.received === this.#wanted) this.header = parseV2(this.#bytes.subarray(0, this.#wanted))
    return part.length
  }

  /** The length is known. */
  #makeRoom(): void {
    this.#wanted += lengthOfV2(this.#bytes, this.#options.maxLength)
    const fixed = this.#bytes.subarray(0, FIXED_V2)
    this.#bytes = Buffer.alloc(Math.max(this.#wanted, LONGEST_V1))
    this.#bytes.set(fixed)
  }

  /** Keeps a part, and looks whether it goes on as every header begins. */
  #keep(part: Uint8Array, start: Uint8Array): void {
    this.#bytes.set(part, this.received)
    for (let i = this.received; i < Math.min(this.received + part.length, start.length); i++) {
      if (this.#bytes[i] !== start[i]) throw new CorruptFrameError('a PROXY header that does not begin as one')
    }
    this.received += part.length
  }
}
