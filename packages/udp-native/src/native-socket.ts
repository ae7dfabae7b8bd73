import { type AddressResult, type Binding, FLAGS, OPTIONS, type SocketHandle } from './binding.ts'
import type { Native } from './native.ts'
import { Outgoing } from './outgoing.ts'
import type { OnSendFailed, Target } from './send-ring.ts'
import { check, systemError } from './system-error.ts'

/** An IP address, as the system spells it, and a port. */
export interface NativeAddress {
  readonly address: string
  readonly port: number
}

/** How a socket is opened. */
export interface NativeSocketOptions {
  readonly type: 'udp4' | 'udp6'
  readonly reuseAddr?: boolean | undefined
  readonly reusePort?: boolean | undefined
  readonly ipv6Only?: boolean | undefined
  /**
   * The longest message that is received whole, in bytes: a datagram, or several that the kernel has joined.
   *
   * @defaultValue 65_536: longer than any but IPv6's jumbograms
   */
  readonly messageBytes?: number | undefined
}

/** Datagrams that came together. It is the same object each time: good until the call that it was given to returns. */
export interface NativeBatch {
  readonly length: number
  /** The bytes of one, the caller's to keep. A view of a slab of 32 KiB that others have views of. */
  data(index: number): Uint8Array
  /** The number under which its sender is known ({@link NativeSocket.keep}); 0 where it is not. */
  peer(index: number): number
  /** Makes a string, which costs. */
  sender(index: number): NativeAddress
  /**
   * Tells that nothing that {@link data} gave is kept by anybody. Its memory is then used again for the next batch, and stays in the
   * processor's cache. To be called, if at all, before the call that the batch was given to returns.
   */
  release(): void
}

/** What a {@link NativeSocket} tells. */
export interface NativeEvents {
  onBatch(batch: NativeBatch): void
  /** A datagram was longer than `messageBytes` and is lost. */
  onTruncated(from: NativeAddress, bytes: number): void
  readonly onSendFailed: OnSendFailed
  /** The socket had an error that belongs to no send (a refusal, say). It may go on working. */
  onError(error: NodeJS.ErrnoException): void
}

/** Of each datagram in a batch: offset, length, peer, message. */
const ENTRY_WORDS = 4

const pair = (result: AddressResult, syscall: string): NativeAddress => {
  if (typeof result === 'number') throw systemError(syscall, -result)
  return { address: result[0], port: result[1] }
}

/** One UDP socket of the system. Opened when made; must be closed. */
export class NativeSocket implements NativeBatch {
  /** Of the batch that is being given out. */
  length = 0
  readonly #native: Native
  readonly #binding: Binding
  readonly #entries: Uint32Array
  readonly #handle: SocketHandle
  readonly #events: NativeEvents
  readonly #outgoing: Outgoing
  readonly #closed: Promise<void>
  #isClosed = false
  /** A peer was kept since the batch was looked up: one whom it does not know may be known by now. */
  #hasKept = false

  /** @throws the system's error. */
  constructor(native: Native, options: NativeSocketOptions, events: NativeEvents) {
    const { type, reuseAddr, reusePort, ipv6Only, messageBytes } = options
    const { binding } = native
    this.#native = native
    this.#binding = binding
    this.#entries = native.entries
    this.#events = events
    const flags =
      (reuseAddr ? FLAGS.reuseAddr : 0) | (reusePort ? FLAGS.reusePort : 0) | (ipv6Only ? FLAGS.ipv6Only : 0)
    const { buffer } = Buffer.allocUnsafeSlow(binding.sharedBytes)
    const shared = buffer as ArrayBuffer
    new Uint32Array(shared, 0, 4).fill(0)
    let onClosed!: () => void
    this.#closed = new Promise((resolve) => (onClosed = resolve))
    const handle = binding.open(
      type === 'udp6' ? 6 : 4,
      flags,
      messageBytes ?? binding.messageBytes,
      shared,
      (count) => this.#onBatch(count),
      (done) => this.#outgoing.onFlushed(done),
      () => this.#outgoing.resend(),
      (errno) => events.onError(systemError('recvmmsg', errno)),
      onClosed,
      () => events.onTruncated(this.sender(0), this.#entries[1] as number),
    )
    if (typeof handle === 'number') throw systemError('socket', -handle)
    this.#handle = handle
    this.#outgoing = new Outgoing(binding, handle, shared, events.onSendFailed)
  }

  /**
   * Binds, and receives from now on.
   *
   * @throws the system's error.
   */
  bind(address: string, port: number): NativeAddress {
    const where = `${address}:${port}`
    check(this.#binding.bind(this.#handle, address, port), 'bind', where)
    check(this.#binding.start(this.#handle, true), 'uv_poll_start')
    return pair(this.#binding.local(this.#handle), 'getsockname')
  }

  /**
   * Fixes the peer: only its datagrams come in from now on, and a send to the peer 0 goes to it.
   *
   * @throws the system's error.
   */
  connect({ address, port }: NativeAddress): { readonly local: NativeAddress; readonly remote: NativeAddress } {
    check(this.#binding.connect(this.#handle, address, port), 'connect', `${address}:${port}`)
    const local = pair(this.#binding.local(this.#handle), 'getsockname')
    return { local, remote: pair(this.#binding.remote(this.#handle), 'getpeername') }
  }

  /** @throws the system's error. */
  set(option: keyof typeof OPTIONS, value: number): void {
    check(this.#binding.set(this.#handle, OPTIONS[option], value), 'setsockopt', option)
  }

  /**
   * @param address - an IPv4 address of the interface, or `::%eth0`.
   * @throws the system's error.
   */
  setMulticastInterface(address: string): void {
    check(this.#binding.multicastInterface(this.#handle, address), 'setsockopt', 'multicastInterface')
  }

  /** @throws the system's error. */
  join(group: string, source?: string, multicastInterface?: string): void {
    check(this.#binding.joinGroup(this.#handle, group, source, multicastInterface), 'setsockopt', group)
  }

  /**
   * Gives a peer a number, under which its datagrams come and it can be sent to, until it has been forgotten as often as
   * it was kept.
   *
   * @throws the system's error: no IP address, no memory.
   */
  keep({ address, port }: NativeAddress): number {
    this.#hasKept = true
    return check(this.#binding.keep(this.#handle, address, port), 'keep', address)
  }

  /** Takes effect when nothing speaks of the number any more: neither a batch nor what waits to be sent. */
  forget(peer: number): void {
    this.#outgoing.forget(peer)
  }

  /**
   * Sends a copy of one datagram at the end of the turn, or of the batch that is being given out, and as soon as the
   * kernel has room. Never throws; what the system would not send is told to {@link NativeEvents.onSendFailed}.
   */
  send(data: Uint8Array, to: Target): void {
    this.#outgoing.send(data, to)
  }

  /** Sends what this turn has collected, now. */
  flush(): void {
    this.#outgoing.flush()
  }

  /** Bytes that the kernel had no room for. */
  get queuedBytes(): number {
    return this.#outgoing.queuedBytes
  }

  /** Sends what this turn has collected, drops what waits, and releases the socket. Idempotent. */
  close(): Promise<void> {
    if (this.#isClosed) return this.#closed
    this.#isClosed = true
    this.length = 0
    this.#outgoing.close()
    this.#binding.close(this.#handle)
    return this.#closed
  }

  /** @internal */
  data(index: number): Uint8Array {
    const at = index * ENTRY_WORDS
    const offset = this.#entries[at] as number
    return this.#native.slab.subarray(offset, offset + (this.#entries[at + 1] as number))
  }

  /** @internal */
  peer(index: number): number {
    const at = index * ENTRY_WORDS
    const known = this.#entries[at + 2] as number
    return known === 0 && this.#hasKept ? this.#binding.find(this.#handle, this.#entries[at + 3] as number) : known
  }

  /** @internal */
  release(): void {
    this.#outgoing.release()
  }

  /** @internal */
  sender(index: number): NativeAddress {
    return pair(this.#binding.sender(this.#handle, this.#entries[index * ENTRY_WORDS + 3] as number), 'getnameinfo')
  }

  #onBatch(count: number): void {
    this.length = count
    this.#hasKept = false
    this.#events.onBatch(this)
  }
}
