/** What is written, and whether it is to end or close, while the port is being changed. */
export class HeldOutput {
  readonly chunks: Uint8Array[] = []
  bytes = 0
  closes = false

  push(chunks: readonly Uint8Array[], bytes: number): void {
    this.chunks.push(...chunks)
    this.bytes += bytes
  }
}
