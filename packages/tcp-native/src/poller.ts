import { constants } from 'node:os'
import { getSystemErrorName } from 'node:util'
import { markAsUntransferable } from 'node:worker_threads'
import type { Binding } from './binding.ts'

/** A bit of what a socket is watched for and told of, as in `epoll_ctl(2)`: there is input, or its end, or somebody to accept. */
export const READABLE = 1
/** A bit of the same: there is room for output. */
export const WRITABLE = 4

/** No bytes, no room, nobody to accept: what a call returns that has to be made again once the socket is ready. */
export const AGAIN: number = -constants.errno.EAGAIN

/** Who is told that a socket is ready. */
export interface ReadyListener {
  /**
   * The socket can be read from or written to, or has broken, which reading or writing tells. It may have been told of another socket
   * that had the same descriptor before: then the call that it asks for returns {@link AGAIN}.
   *
   * @param events - bits: {@link READABLE}, {@link WRITABLE}, others where it has broken.
   */
  onReady(events: number): void
}

/** The socket options of connections that are accepted. */
export interface AcceptOptions {
  /** TCP_NODELAY. */
  readonly noDelay: boolean
  /** SO_KEEPALIVE, after so many seconds of silence, 0 for the system's own; left out where there is none. */
  readonly keepAlive?: number | undefined
}

/** An address as the system spells it, and a port. */
export interface NativeAddress {
  readonly address: string
  readonly port: number
}

/** Bytes of {@link Poller.memory}. */
const MEMORY = 256 * 1024

/**
 * Watches the sockets of one thread, and moves their bytes: each method is one system call, of a socket that does not block, by its descriptor.
 * Those that return a number return a negated errno where they fail. A socket is watched for input from the start.
 *
 * The process keeps running while there are any sockets. A descriptor that is not one of them, or no longer, is `-EBADF` to each method, and
 * none of them touches it.
 */
export class Poller {
  /** What {@link read} reads into, whichever socket: overwritten by the next one. */
  readonly memory: Buffer = Buffer.allocUnsafeSlow(MEMORY)
  /** Counts the calls of {@link ReadyListener.onReady} that belong together, because the system told of them together. */
  batch = 0
  /** Whether they are being made. */
  delivering = false
  /** Sockets that are open. */
  size = 0
  readonly #binding: Binding
  readonly #ready: Int32Array
  /** By their descriptors. */
  readonly #listeners: (ReadyListener | undefined)[] = []
  #head: Buffer = this.memory

  /** @throws Error named by the system's error, where the system refuses or the binary has a poller already. */
  constructor(binding: Binding) {
    this.#binding = binding
    this.#ready = new Int32Array(binding.mostReady * 2)
    // As Node's own pool is: a reader that gave it to another thread would take it from all.
    markAsUntransferable(this.memory.buffer)
    const status = binding.setup(this.#ready, (count) => this.#onReady(count))
    if (status < 0) throw new Error(`setup ${getSystemErrorName(status)}`)
  }

  /**
   * Takes over from a server that listens: the socket is the same under another descriptor, and stays open when the server closes its own.
   *
   * @returns that descriptor.
   */
  listen(descriptor: number, listener: ReadyListener): number {
    return this.#open(this.#binding.listen(descriptor), listener)
  }

  /**
   * The next connection. Its listener is to be set, with {@link attach}, in the same turn.
   *
   * @returns its descriptor.
   */
  accept(listening: number, { noDelay, keepAlive = -1 }: AcceptOptions): number {
    return this.#open(this.#binding.accept(listening, noDelay, keepAlive), undefined)
  }

  attach(descriptor: number, listener: ReadyListener): void {
    this.#listeners[descriptor] = listener
  }

  /** Who was accepted last; undefined where the system does not say. */
  accepted(): NativeAddress | undefined {
    const result = this.#binding.accepted()
    return typeof result === 'number' ? undefined : { address: result[0], port: result[1] }
  }

  /** Its own end of a connection; undefined where the system does not say. */
  local(descriptor: number): NativeAddress | undefined {
    const result = this.#binding.local(descriptor)
    return typeof result === 'number' ? undefined : { address: result[0], port: result[1] }
  }

  /**
   * What is told of it from now on. Where that is nothing, not even that it breaks is.
   *
   * @param events - {@link READABLE}, {@link WRITABLE}, both, or 0.
   * @param watched - whether it was anything but 0 before.
   */
  watch(descriptor: number, events: number, watched: boolean): number {
    return this.#binding.watch(descriptor, events, watched)
  }

  /**
   * Reads into {@link memory}.
   *
   * @param most - bytes, more than none.
   * @returns how many bytes; 0 at the end of the input.
   */
  read(descriptor: number, most: number = MEMORY): number {
    return this.#binding.read(descriptor, this.memory, most)
  }

  /** Reads into memory of the caller's, which is not empty. @returns how many bytes; 0 at the end of the input. */
  readInto(descriptor: number, memory: Uint8Array): number {
    return this.#binding.read(descriptor, memory, memory.length)
  }

  /** The first bytes of {@link memory}. In a steady stream the same object as before: a new one costs as much as copying a KiB. */
  head(length: number): Buffer {
    if (this.#head.length !== length) this.#head = this.memory.subarray(0, length)
    return this.#head
  }

  /** @returns how many bytes the system took, which may be none. They are not looked at again. */
  write(descriptor: number, chunk: Uint8Array): number {
    return this.#binding.write(descriptor, chunk)
  }

  /** The same for several chunks, in one system call; of more than 64 for the first 64. */
  writeAll(descriptor: number, chunks: readonly Uint8Array[]): number {
    return this.#binding.writeAll(descriptor, chunks)
  }

  /** Ends the output, behind all that was written. */
  shutdown(descriptor: number): number {
    return this.#binding.shutdown(descriptor)
  }

  /** @param resets - the peer gets a reset, and what it was sent and has not got yet is lost. */
  close(descriptor: number, resets: boolean): void {
    if (this.#binding.close(descriptor, resets) === 0) this.#forget(descriptor)
  }

  /** Gives the socket up to the caller, open. */
  release(descriptor: number): void {
    if (this.#binding.release(descriptor) === 0) this.#forget(descriptor)
  }

  #open(descriptor: number, listener: ReadyListener | undefined): number {
    if (descriptor < 0) return descriptor
    this.size++
    this.#listeners[descriptor] = listener
    return descriptor
  }

  #forget(descriptor: number): void {
    this.size--
    this.#listeners[descriptor] = undefined
  }

  #onReady(count: number): void {
    this.batch++
    this.delivering = true
    for (let i = 0; i < count; i++) {
      try {
        this.#listeners[this.#ready[2 * i] as number]?.onReady(this.#ready[2 * i + 1] as number)
      } catch (error) {
        // Those behind it are ready all the same, and would not be told again where only one event was told of.
        throwLater(error)
      }
    }
    this.delivering = false
  }
}

/** As Node throws what comes out of a callback: at the process. */
function throwLater(error: unknown): void {
  process.nextTick(() => {
    throw error
  })
}
