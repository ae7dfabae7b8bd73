import type { Binding, SocketHandle } from './binding.ts'
import type { NativeAddress } from './native-socket.ts'
import { systemError } from './system-error.ts'

/** Where a datagram goes: a peer's number, 0 on a connected socket, or an address. */
export type Target = number | NativeAddress

/** Tells of a datagram that the system would not send. */
export type OnSendFailed = (to: Target, bytes: number, error: NodeJS.ErrnoException) => void

/** In place of a peer's number: the address was given by `aim`. */
const BY_ADDRESS = 0xff_ff_ff_ff

/** Words of the memory shared with the C side; native/handle.h. */
const STATE_WORDS = 4
const COLLECTED = 0
const FAILED = 1
const STOPPED = 2
const DELIVERING = 3
/** What is said there of a batch of which nothing is kept. */
const UNKEPT = 2
const FAILURE_WORDS = 2
const ENTRY_WORDS = 3

/**
 * What is sent in one turn, collected in memory that the C side reads: a send costs no call into it, and the turn one
 * system call. Which datagrams lie where is said once for all entries, in three words each.
 */
export class SendRing {
  /** Where entries by address go. */
  readonly #aimed: Map<number, NativeAddress> = new Map()
  readonly #state: Uint32Array
  readonly #failures: Uint32Array
  readonly #entries: Uint32Array
  readonly #bytes: Uint8Array
  readonly #binding: Binding
  readonly #socket: SocketHandle
  readonly #onSendFailed: OnSendFailed
  #used = 0

  constructor(binding: Binding, socket: SocketHandle, shared: ArrayBuffer, onSendFailed: OnSendFailed) {
    const { ringEntries, ringBytes } = binding
    const words = new Uint32Array(shared, 0, STATE_WORDS + (FAILURE_WORDS + ENTRY_WORDS) * ringEntries)
    const entriesAt = STATE_WORDS + FAILURE_WORDS * ringEntries
    this.#state = words.subarray(0, STATE_WORDS)
    this.#failures = words.subarray(STATE_WORDS, entriesAt)
    this.#entries = words.subarray(entriesAt)
    this.#bytes = new Uint8Array(shared, words.byteLength, ringBytes)
    this.#binding = binding
    this.#socket = socket
    this.#onSendFailed = onSendFailed
  }

  /** Whether the C side is giving out a batch, after which it flushes by itself. */
  get delivering(): boolean {
    return this.#state[DELIVERING] !== 0
  }

  /** Nothing of the batch that is being given out is kept. */
  release(): void {
    if (this.delivering) this.#state[DELIVERING] = UNKEPT
  }

  /** Datagrams collected. */
  get length(): number {
    return this.#state[COLLECTED] as number
  }

  /** Collects a copy of one datagram, or returns false where it is full. */
  push(data: Uint8Array, to: Target): boolean {
    const index = this.#state[COLLECTED] as number
    const offset = index === 0 ? 0 : this.#used
    const length = data.length
    const at = index * ENTRY_WORDS
    if (at === this.#entries.length || offset + length > this.#bytes.length) return false
    this.#entries[at] = typeof to === 'number' ? to : this.#aim(index, to)
    this.#entries[at + 1] = offset
    this.#entries[at + 2] = length
    this.#bytes.set(data, offset)
    this.#used = offset + length
    this.#state[COLLECTED] = index + 1
    return true
  }

  /**
   * Sends what is collected and reports what failed.
   *
   * @param groups - what goes to one peer may be put together, so that it can go as one message. The order of different peers' datagrams
   * is then another, for `onUnsent` too.
   * @param onUnsent - called for each datagram that the kernel has no room for, in order. Its bytes are lent.
   * @returns why the kernel took no more, an errno, or 0 where it took everything.
   */
  flush(groups: boolean, onUnsent: (data: Uint8Array, to: Target) => void): number {
    return this.length === 0 ? 0 : this.settle(this.#binding.flush(this.#socket, groups), onUnsent)
  }

  /**
   * The second half of {@link flush}, for one that the C side has begun.
   *
   * @param done - entries dealt with.
   */
  settle(done: number, onUnsent: (data: Uint8Array, to: Target) => void): number {
    const count = this.length
    const failed = this.#state[FAILED] as number
    const stopped = this.#state[STOPPED] as number
    const failures = failed === 0 ? [] : Array.from({ length: failed }, (_, i) => this.#failureAt(i * FAILURE_WORDS))
    for (let i = done; i < count; i++) onUnsent(this.#dataOf(i), this.#targetOf(i))
    this.#state[COLLECTED] = this.#state[FAILED] = this.#state[STOPPED] = 0
    if (this.#aimed.size > 0) this.#aimed.clear()
    // Last: whoever is told may send.
    for (const { to, bytes, error } of failures) this.#onSendFailed(to, bytes, error)
    return stopped
  }

  #aim(index: number, to: NativeAddress): number {
    const failed = this.#binding.aim(this.#socket, index, to.address, to.port)
    this.#aimed.set(index, to)
    // Nobody has this number: it fails like any other that cannot be sent.
    return failed < 0 ? BY_ADDRESS - 1 : BY_ADDRESS
  }

  #failureAt(at: number): { to: Target; bytes: number; error: NodeJS.ErrnoException } {
    const index = this.#failures[at] as number
    const error = systemError('send', this.#failures[at + 1] as number)
    return { to: this.#targetOf(index), bytes: this.#entries[index * ENTRY_WORDS + 2] as number, error }
  }

  #targetOf(index: number): Target {
    return this.#aimed.get(index) ?? (this.#entries[index * ENTRY_WORDS] as number)
  }

  #dataOf(index: number): Uint8Array {
    const offset = this.#entries[index * ENTRY_WORDS + 1] as number
    return this.#bytes.subarray(offset, offset + (this.#entries[index * ENTRY_WORDS + 2] as number))
  }
}
