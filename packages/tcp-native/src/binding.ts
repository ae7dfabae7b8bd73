/** An address and its port, or a negated errno. */
export type AddressResult = readonly [address: string, port: number] | number

/**
 * The functions of native/addon.c. Those that return a number return a negated errno where they fail, and -EBADF for a descriptor that the
 * poller does not have.
 */
export interface Binding {
  /** Sockets of one call of `onReady` at most. */
  readonly mostReady: number
  /**
   * @param ready - of each socket that is ready: its descriptor, and for what.
   * @param memory - what {@link read} reads into.
   */
  setup(ready: Int32Array, memory: Uint8Array, onReady: (count: number) => void): number
  listen(descriptor: number): number
  accept(listening: number, noDelay: boolean, keepAlive: number): number
  accepted(): AddressResult
  local(descriptor: number): AddressResult
  watch(descriptor: number, events: number, watched: boolean): number
  read(descriptor: number, most: number): number
  readInto(descriptor: number, memory: Uint8Array): number
  write(descriptor: number, chunk: Uint8Array): number
  writeAll(descriptor: number, chunks: readonly Uint8Array[]): number
  shutdown(descriptor: number): number
  close(descriptor: number, resets: boolean): number
  release(descriptor: number, watched: boolean): number
}
