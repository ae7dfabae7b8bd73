/** An address and its port, or a negated errno. */
export type AddressResult = readonly [address: string, port: number] | number

/**
 * The functions of native/addon.c. Those that return a number return a negated errno where they fail, and -EBADF for a descriptor that the
 * poller does not have.
 */
export interface Binding {
  /** Sockets of one call of `onReady` at most. */
  readonly mostReady: number
  /** @param ready - of each socket that is ready: its descriptor, and for what. Never detached. */
  setup(ready: Int32Array, onReady: (count: number) => void): number
  listen(descriptor: number): number
  accept(listening: number, noDelay: boolean, keepAlive: number): number
  accepted(): AddressResult
  local(descriptor: number): AddressResult
  watch(descriptor: number, events: number, watched: boolean): number
  read(descriptor: number, memory: Uint8Array, most: number): number
  write(descriptor: number, chunk: Uint8Array): number
  writeAll(descriptor: number, chunks: readonly Uint8Array[]): number
  shutdown(descriptor: number): number
  close(descriptor: number, resets: boolean): number
  release(descriptor: number): number
}
