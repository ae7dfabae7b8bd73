import { InvalidOptionError, type OptionDescription, resolveOptions } from '@millrace/core'
import { type Defaulted, LONGEST_DELAY } from '../common-options.ts'
import { type ResolvedConnectOptions, resolveConnectOptions, type TcpConnectOptions } from './connect-options.ts'

/** When to try again. */
export interface BackOffOptions {
  /**
   * The longest wait before the first new attempt, in milliseconds; it doubles with each one. The wait itself is a
   * random part of it ("full jitter"), so that clients that lost the same server do not come back all at once.
   *
   * @defaultValue 200
   */
  readonly initialDelay?: number | undefined
  /**
   * What it doubles up to, in milliseconds.
   *
   * @defaultValue 30_000
   */
  readonly maxDelay?: number | undefined
  /**
   * How many attempts may fail in a row until it gives up; `Infinity` never does.
   *
   * @defaultValue 10
   */
  readonly maxAttempts?: number | undefined
  /**
   * How long a connection must have lived for the wait to start over at `initialDelay`, in milliseconds: a server that
   * accepts and closes at once is not besieged.
   *
   * @defaultValue 10_000
   */
  readonly resetAfter?: number | undefined
  /**
   * Chooses the part of the wait: 0 to 1. For tests.
   *
   * @defaultValue Math.random
   */
  readonly random?: (() => number) | undefined
}

/** Options of {@link reconnectTcp}: those of `connectTcp`, and when to try again. */
export interface TcpReconnectOptions extends TcpConnectOptions, BackOffOptions {}

/** Describes {@link BackOffOptions}; its defaults are these here. */
export const BACK_OFF_OPTIONS: Readonly<Record<keyof BackOffOptions, OptionDescription>> = {
  initialDelay: {
    type: 'integer',
    unit: 'ms',
    range: [1, LONGEST_DELAY],
    default: 200,
    help: 'the longest wait before the first new attempt; it doubles with each one',
  },
  maxDelay: {
    type: 'integer',
    unit: 'ms',
    range: [1, LONGEST_DELAY],
    default: 30_000,
    help: 'what the wait doubles up to',
  },
  maxAttempts: {
    type: 'integer',
    unit: 'attempts',
    range: [1, Infinity],
    default: 10,
    help: 'how many attempts may fail in a row until it gives up',
  },
  resetAfter: {
    type: 'integer',
    unit: 'ms',
    range: [0, LONGEST_DELAY],
    default: 10_000,
    help: 'how long a connection must have lived for the wait to start over',
  },
  random: {
    type: 'code',
    expected: 'a function that gives 0 to 1',
    check: (value): value is () => number => typeof value === 'function',
    help: 'chooses the part of the wait',
  },
}

/** When to try again, with the defaults filled in. */
export type BackOff = Defaulted<BackOffOptions, keyof BackOffOptions>

/** Both parts of {@link TcpReconnectOptions}. */
export interface ResolvedReconnectOptions {
  readonly connect: ResolvedConnectOptions
  readonly backOff: BackOff
}

/** @throws {@link InvalidOptionError} */
export function resolveReconnectOptions(given: TcpReconnectOptions): ResolvedReconnectOptions {
  if (typeof given !== 'object' || given === null) {
    throw new InvalidOptionError('reconnectTcp options', 'an object', given)
  }
  const { initialDelay, maxDelay, maxAttempts, resetAfter, random, ...target } = given
  const named = { initialDelay, maxDelay, maxAttempts, resetAfter, random }
  const resolved = resolveOptions('reconnectTcp', BACK_OFF_OPTIONS, named) as BackOff
  const connect = resolveConnectOptions(target, 'reconnectTcp')
  return { connect, backOff: { ...resolved, random: resolved.random ?? Math.random } }
}
