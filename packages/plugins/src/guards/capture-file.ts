import { Buffer } from 'node:buffer'
import { type FileHandle, open, rename } from 'node:fs/promises'

/** Where packets are captured to; sizes in bytes. */
export interface CaptureOptions {
  readonly path: string
  /** How much of a packet is kept. */
  readonly maxPacket: number
  /** How large one file grows. */
  readonly maxBytes: number
  /** How many files there are. */
  readonly files: number
}

/** Why packets are missing from a capture. */
export type CaptureLoss = 'behind' | 'full' | 'failed'

/** In bytes: what may wait to be written to a capture. Over it, packets are left out. */
const MOST_UNWRITTEN = 4 * 1024 * 1024
/** Packets that begin with their IP header. */
const LINKTYPE_RAW = 101
const FILE_HEADER = 24
const RECORD_HEADER = 16

/**
 * A capture in the pcap format, written behind the packets: it makes nobody wait. One that is full is moved aside, and of
 * those the oldest goes; where there is to be one file only, the capture ends.
 *
 * @see https://datatracker.ietf.org/doc/html/draft-ietf-opsawg-pcap
 */
export class CaptureFile {
  readonly #options: CaptureOptions
  readonly #onLoss: (loss: CaptureLoss, error?: unknown) => void
  #queue: Buffer[] = []
  #unwritten = 0
  #working: Promise<void> | undefined
  #file: FileHandle | undefined
  #size = 0
  #over = false

  /** @param onLoss - called for each packet that is left out. */
  constructor(options: CaptureOptions, onLoss: (loss: CaptureLoss, error?: unknown) => void) {
    this.#options = options
    this.#onLoss = onLoss
  }

  /** @param time - in ms since 1970. */
  add(packet: Uint8Array, time: number): void {
    const kept = packet.subarray(0, this.#options.maxPacket)
    if (this.#over) return this.#onLoss('full')
    if (this.#unwritten + kept.length + RECORD_HEADER > MOST_UNWRITTEN) return this.#onLoss('behind')
    const record = Buffer.allocUnsafe(RECORD_HEADER + kept.length)
    const microseconds = Math.round(time * 1_000)
    record.writeUInt32LE(Math.floor(microseconds / 1_000_000), 0)
    record.writeUInt32LE(microseconds % 1_000_000, 4)
    record.writeUInt32LE(kept.length, 8)
    record.writeUInt32LE(packet.length, 12)
    record.set(kept, RECORD_HEADER)
    this.#queue.push(record)
    this.#unwritten += record.length
    this.#working ??= this.#work()
  }

  /** Writes what waits, and closes the file. */
  async close(): Promise<void> {
    await this.#working
    this.#over = true
    await this.#file?.close()
    this.#file = undefined
  }

  async #work(): Promise<void> {
    // So that what comes in one turn is written in one go.
    await new Promise<void>((resolve) => setImmediate(resolve))
    try {
      while (this.#queue.length > 0) await this.#writeSome()
    } catch (error) {
      this.#end('failed', error)
    }
    this.#working = undefined
  }

  async #writeSome(): Promise<void> {
    const file = (this.#file ??= await this.#begin())
    const fitting = this.#takeFitting()
    for (let written = 0; written < fitting.length; ) {
      written += (await file.write(fitting, written, fitting.length - written)).bytesWritten
    }
    this.#unwritten -= fitting.length
    if (this.#queue.length > 0 && !this.#fits(this.#queue[0] as Buffer)) await this.#turn(file)
  }

  #takeFitting(): Buffer {
    const records: Buffer[] = []
    while (this.#queue[0] !== undefined && this.#fits(this.#queue[0])) {
      const record = this.#queue.shift() as Buffer
      this.#size += record.length
      records.push(record)
    }
    return Buffer.concat(records)
  }

  #fits(record: Buffer): boolean {
    return this.#size + record.length <= this.#options.maxBytes
  }

  /** The file is full. */
  async #turn(file: FileHandle): Promise<void> {
    const { path, files } = this.#options
    if (files === 1) return this.#end('full')
    await file.close()
    this.#file = undefined
    for (let i = files - 1; i > 0; i--) await rename(i === 1 ? path : `${path}.${i - 1}`, `${path}.${i}`).catch(ignoreMissing)
  }

  /** For the owner's eyes only: it holds what peers have sent. */
  async #begin(): Promise<FileHandle> {
    const file = await open(this.#options.path, 'w', 0o600)
    const header = Buffer.alloc(FILE_HEADER)
    header.writeUInt32LE(0xa1b2_c3d4, 0)
    header.writeUInt16LE(2, 4)
    header.writeUInt16LE(4, 6)
    header.writeUInt32LE(this.#options.maxPacket, 16)
    header.writeUInt32LE(LINKTYPE_RAW, 20)
    await file.write(header)
    this.#size = FILE_HEADER
    return file
  }

  #end(loss: CaptureLoss, error?: unknown): void {
    this.#over = true
    for (const _ of this.#queue.splice(0)) this.#onLoss(loss, error)
    this.#unwritten = 0
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}
