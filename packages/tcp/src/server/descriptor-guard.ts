import { closeSync, openSync, readFileSync } from 'node:fs'

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

  /** @param limit - how many descriptors the process may have. */
  constructor(limit: number = descriptorLimit()) {
    this.firstReserved = limit - Math.min(MOST_RESERVED, Math.floor(limit / 8))
  }

  /**
   * Whether a socket that was just accepted took one of the last descriptors.
   *
   * @param descriptor - its number; where it is not known, the next free one is asked for instead.
   */
  isScarce(descriptor: number | undefined): boolean {
    if (this.firstReserved === Infinity) return false
    return (descriptor ?? nextDescriptor()) >= this.firstReserved
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
