import type { Poller } from '../src/ports/poller.ts'

/** A poller that writes down what it is told and answers what it was given: of each call the last answer goes on. */
export class FakePoller {
  readonly memory: Buffer = Buffer.alloc(256 * 1024)
  readonly calls: string[] = []
  readonly answers: Partial<Record<'read' | 'readInto' | 'write' | 'writeAll' | 'accept', number[]>> = {}
  /** What it says to a watch. */
  watching = 0
  /** What was handed to the system, of each call. */
  readonly written: Buffer[] = []

  /** As the thing it stands for. */
  get poller(): Poller {
    return this as unknown as Poller
  }

  attach(): void {}

  listen(): number {
    return 7
  }

  accept(): number {
    return this.#answer('accept', -11)
  }

  accepted(): { address: string; port: number } {
    return { address: '127.0.0.1', port: 1 }
  }

  watch(_: number, events: number, watched: boolean): number {
    this.calls.push(`watch ${events}${watched ? '' : ' anew'}`)
    return this.watching
  }

  read(): number {
    return this.#answer('read', -11)
  }

  readInto(_: number, memory: Uint8Array): number {
    this.calls.push('readInto')
    return Math.min(this.#answer('readInto', -11), memory.byteLength)
  }

  head(length: number): Buffer {
    return this.memory.subarray(0, length)
  }

  write(_: number, chunk: Uint8Array): number {
    this.written.push(Buffer.from(chunk))
    return this.#answer('write', chunk.byteLength)
  }

  writeAll(_: number, chunks: readonly Uint8Array[]): number {
    this.calls.push(`writeAll of ${chunks.length}`)
    const all = Buffer.concat(chunks)
    this.written.push(all)
    return this.#answer('writeAll', all.byteLength)
  }

  shutdown(): number {
    this.calls.push('shutdown')
    return 0
  }

  release(): void {
    this.calls.push('release')
  }

  close(_: number, resets: boolean): void {
    this.calls.push(resets ? 'reset' : 'close')
  }

  #answer(call: keyof FakePoller['answers'], otherwise: number): number {
    return this.answers[call]?.shift() ?? otherwise
  }
}
