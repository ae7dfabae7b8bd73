import type { Driver } from '../../src/index.ts'

/** A driver that notes what it is asked, and keeps what it is given until it is told to send it. */
export class FakeDriver implements Driver {
  pendingBytes = 0
  readonly calls: string[] = []
  readonly writes: Uint8Array[][] = []
  /** Whether writes are taken at once. */
  takes = true

  resume(): void {
    this.calls.push('resume')
  }

  pause(): void {
    this.calls.push('pause')
  }

  write(chunks: Uint8Array[], bytes: number): void {
    this.writes.push(chunks)
    if (!this.takes) this.pendingBytes += bytes
  }

  endWrite(): void {
    this.calls.push('endWrite')
  }

  close(): void {
    this.calls.push('close')
  }

  reset(): void {
    this.calls.push('reset')
  }
}
