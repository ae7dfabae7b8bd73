import { closeSync, openSync, readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { descriptorOf } from './descriptor.ts'

/**
 * Descriptors that are kept free for everything else in the process: at most this many, and at most an eighth of all.
 */
const MOST_RESERVED = 64

/**
 * Tells when the process is about to run out of file descriptors.
 *
 * Once it has, the system can accept no connection, and libuv accepts and closes each one in a trick of its own,
 * without a word to anyone. So the last descriptors are kept back, and a connection that would take one of them is
 * turned away by us instead, where it can be counted. A new descriptor is always the lowest free one (POSIX, `open`),
 * so the number of an accepted socket tells without counting: all below it are in use.
 *
 * The guard guards nothing where the system names no limit in `/proc/self/limits`, that is, anywhere but on Linux.
 */
export class DescriptorGuard {
  /** The first descriptor number that is kept back; `Infinity` where no limit is known. */
  readonly firstReserved: number
  readonly #numberOf: (socket: Socket) => number | undefined

  /**
   * @param limit - how many descriptors the process may have.
   * @param numberOf - the descriptor of a socket; where it knows none, the next free one is asked for instead.
   */
  constructor(limit: number = descriptorLimit(), numberOf: typeof descriptorOf = descriptorOf) {
    this.firstReserved = limit - Math.min(MOST_RESERVED, Math.floor(limit / 8))
    this.#numberOf = numberOf
  }

  /** Whether a socket that was just accepted took one of the last descriptors. */
  isScarce(socket: Socket): boolean {
    if (this.firstReserved === Infinity) return false
    return (this.#numberOf(socket) ?? nextDescriptor()) >= this.firstReserved
  }
}

/** The soft limit of open files, `Infinity` where there is none or it is not known. */
function descriptorLimit(): number {
  try {
    const soft = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1]
    return soft === undefined ? Infinity : Number(soft)
  } catch {
    return Infinity
  }
}

/** `Infinity` where not even one is free. */
function nextDescriptor(): number {
  try {
    const fd = openSync('/dev/null', 'r')
    closeSync(fd)
    return fd
  } catch {
    return Infinity
  }
}
