import { type ConnectionLimits, type DependencyContainer, InvalidOptionError, type OptionDescription } from '@millrace/core'

/** The longest delay that a timer of Node's can have, in milliseconds: 24.8 days. */
export const LONGEST_DELAY: number = 2 ** 31 - 1

/**
 * Bytes that the path of a Unix socket may have: `sun_path` less its final zero. Older Nodes cut a longer one without a
 * word.
 */
const LONGEST_PATH = process.platform === 'linux' ? 107 : 103

/** T with some of its options always there. */
export type Defaulted<T, Names extends keyof T> = T & { readonly [Name in Names]-?: NonNullable<T[Name]> }

/** Where the plugins' services come from. */
export interface ContainerOptions {
  /** Where the plugins' services come from, and the clock; what is not registered there has its default. */
  readonly container?: DependencyContainer | undefined
}

/** Describes {@link ContainerOptions}. */
export const CONTAINER_OPTIONS: Readonly<Record<keyof ContainerOptions, OptionDescription>> = {
  container: {
    type: 'code',
    expected: 'a container of tsyringe',
    check: (value): value is DependencyContainer =>
      typeof (value as Partial<DependencyContainer> | null)?.createChildContainer === 'function',
    help: "where the plugins' services come from",
  },
}

/** Describes the option `signal`, which gives up what has not come about yet. */
export const SIGNAL_OPTION: OptionDescription = {
  type: 'code',
  expected: 'an AbortSignal',
  check: (value): value is AbortSignal => value instanceof AbortSignal,
  help: 'gives up waiting',
}

/** The bounds of a connection and nothing else: it shows them to whoever logs it, and the other options may hold a private key. */
export function toLimits({ highWaterMark, maxWriteBuffer, idleTimeout, writeTimeout }: ConnectionLimits): ConnectionLimits {
  return { highWaterMark, maxWriteBuffer, idleTimeout, writeTimeout }
}

/**
 * A socket is at a port or at a path, never at both.
 *
 * @param owner - leads the names in errors: `listen`, `connectTcp`.
 * @throws {@link InvalidOptionError}
 */
export function checkEndpoint(owner: string, { port, host, path }: Endpoint): void {
  if (host === '') throw new InvalidOptionError(`${owner}.host`, 'an address or a name', host)
  if (path === undefined) return
  if (port !== undefined) throw new InvalidOptionError(`${owner}.path`, 'left out where a port is given', path)
  if (host !== undefined) throw new InvalidOptionError(`${owner}.path`, 'left out where a host is given', path)
  if (path === '' || path.includes('\0')) throw new InvalidOptionError(`${owner}.path`, 'the path of a socket', path)
  if (process.platform !== 'win32' && Buffer.byteLength(path) > LONGEST_PATH) {
    throw new InvalidOptionError(`${owner}.path`, `a path of at most ${LONGEST_PATH} bytes`, path)
  }
}

interface Endpoint {
  readonly port?: number | undefined
  readonly host?: string | undefined
  readonly path?: string | undefined
}
