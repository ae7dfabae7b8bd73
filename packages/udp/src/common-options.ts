import { CONNECTION_OPTIONS, type DependencyContainer, type OptionDescription, SERVER_OPTIONS } from '@millrace/core'

/** The longest delay that a timer of Node's can have, in milliseconds: 24.8 days. */
export const LONGEST_DELAY: number = 2 ** 31 - 1

/** T with some of its options always there. */
export type Defaulted<T, Names extends keyof T> = T & { readonly [Name in Names]-?: NonNullable<T[Name]> }

/** What servers and clients take beside their sockets' options. */
export interface CommonOptions {
  /**
   * Datagrams of one peer that wait unread. More are dropped, as they are when what waits would pass `highWaterMark`
   * bytes.
   *
   * @defaultValue 64
   */
  readonly maxSessionQueue?: number | undefined
  /**
   * Bytes sent that wait in the process for room in the kernel, of one socket. What is sent beyond is dropped.
   *
   * @defaultValue 4 MiB
   */
  readonly maxSendQueue?: number | undefined
  /**
   * Unread bytes of one peer beyond which its datagrams are dropped, and unsent bytes at which `write` returns false.
   *
   * @defaultValue 256 KiB
   */
  readonly highWaterMark?: number | undefined
  /**
   * Bytes written in one turn, not yet sent, at which a further write fails the session with `BufferOverflowError`.
   *
   * @defaultValue 64 MiB
   */
  readonly maxWriteBuffer?: number | undefined
  /**
   * Bytes that one push of a stage may emit; more fails the session with `PushLimitError`.
   *
   * @defaultValue 16 MiB
   */
  readonly maxPushBytes?: number | undefined
  /** Where the plugins' services come from, and the clock; what is not registered there has its default. */
  readonly container?: DependencyContainer | undefined
}

/** Those of {@link CommonOptions} that have a default. */
export type CommonDefaults = 'maxSessionQueue' | 'maxSendQueue' | 'highWaterMark' | 'maxWriteBuffer' | 'maxPushBytes'

/** Describes {@link CommonOptions}. */
export const COMMON_OPTIONS: Readonly<Record<keyof CommonOptions, OptionDescription>> = {
  maxSessionQueue: {
    type: 'integer',
    unit: 'datagrams',
    range: [1, Infinity],
    default: 64,
    help: 'datagrams of one peer that wait unread; more are dropped, as they are beyond highWaterMark bytes',
  },
  maxSendQueue: {
    type: 'integer',
    unit: 'bytes',
    range: [0, Infinity],
    default: 4 * 1024 * 1024,
    help: 'bytes of one socket that wait for room in the kernel; what is sent beyond is dropped',
  },
  highWaterMark: {
    ...CONNECTION_OPTIONS.highWaterMark,
    help: 'unread bytes of one peer beyond which its datagrams are dropped; unsent bytes at which write returns false',
  },
  maxWriteBuffer: CONNECTION_OPTIONS.maxWriteBuffer,
  maxPushBytes: SERVER_OPTIONS.maxPushBytes,
  container: {
    type: 'code',
    expected: 'a container of tsyringe',
    check: (value): value is DependencyContainer =>
      typeof (value as Partial<DependencyContainer> | null)?.createChildContainer === 'function',
    help: "where the plugins' services come from",
  },
}
