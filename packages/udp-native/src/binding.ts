declare const socketBrand: unique symbol

/** A socket as the C side knows it. */
export interface SocketHandle {
  readonly [socketBrand]: never
}

/** Bits of the flags of {@link Binding.open}; those of native/socket.h. */
export const FLAGS = { reuseAddr: 1, reusePort: 2, ipv6Only: 4 } as const

/** The options of {@link Binding.set}; those of native/socket.h. */
export const OPTIONS = {
  recvBufferSize: 0,
  sendBufferSize: 1,
  broadcast: 2,
  ttl: 3,
  multicastTTL: 4,
  multicastLoopback: 5,
} as const

/** An address and its port, or a negated errno. */
export type AddressResult = readonly [address: string, port: number] | number

/**
 * The functions of native/addon.c. Those that return a number return a negated errno where they fail.
 *
 * Each socket shares `sharedBytes` of memory with the C side, laid out as in native/handle.h: four words of state, two
 * for each failure of a flush, three for each entry of the ring (peer, offset, length), and the ring's bytes.
 */
export interface Binding {
  readonly batchEntries: number
  readonly ringEntries: number
  readonly ringBytes: number
  readonly sharedBytes: number
  readonly messageBytes: number
  /** @param entries - of a batch: offset, length, peer and message of each datagram. */
  setup(entries: Uint32Array, onSlab: (bytes: number) => ArrayBuffer): number
  open(
    family: 4 | 6,
    flags: number,
    messageBytes: number,
    shared: ArrayBuffer,
    onBatch: (count: number) => void,
    onFlushed: (done: number) => void,
    onWritable: () => void,
    onError: (errno: number) => void,
    onClosed: () => void,
    onTruncated: () => void,
  ): SocketHandle | number
  bind(socket: SocketHandle, address: string, port: number): number
  connect(socket: SocketHandle, address: string, port: number): number
  set(socket: SocketHandle, option: number, value: number): number
  multicastInterface(socket: SocketHandle, address: string): number
  joinGroup(socket: SocketHandle, group: string, source: string | undefined, on: string | undefined): number
  start(socket: SocketHandle, joined: boolean): number
  local(socket: SocketHandle): AddressResult
  remote(socket: SocketHandle): AddressResult
  sender(socket: SocketHandle, message: number): AddressResult
  find(socket: SocketHandle, message: number): number
  keep(socket: SocketHandle, address: string, port: number): number
  forget(socket: SocketHandle, peer: number): void
  aim(socket: SocketHandle, index: number, address: string, port: number): number
  /** @param groups - what goes to one peer may be put together; the entries are in another order afterwards. */
  flush(socket: SocketHandle, groups: boolean): number
  watchWritable(socket: SocketHandle): number
  close(socket: SocketHandle): void
}
