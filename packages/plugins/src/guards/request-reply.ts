import {
  type AbortOptions,
  type Clock,
  InvalidOptionError,
  type MessageConnection,
  type OptionDescriptions,
  resolveOptions,
  systemClock,
} from '@millrace/core'
import { PendingRequests } from './pending-requests.ts'

const isFunction = (value: unknown): value is (...args: never[]) => unknown => typeof value === 'function'
const code = (help: string) => ({ type: 'code', expected: 'a function', check: isFunction, help }) as const

/** What {@link requestReply} can be told, apart from its functions. */
export const REQUEST_REPLY_OPTIONS = {
  timeout: {
    type: 'integer',
    unit: 'ms',
    range: [1, 2_147_483_647],
    default: 10_000,
    help: 'how long an answer is waited for',
  },
  maxInFlight: {
    type: 'integer',
    unit: 'requests',
    range: [1, 1_000_000],
    default: 1_024,
    help: 'requests of one connection that wait for their answers',
  },
} as const satisfies OptionDescriptions

const OPTIONS = {
  ...REQUEST_REPLY_OPTIONS,
  idOf: code('the id of an answer'),
  withId: code('the request with its id'),
  nextId: code('a fresh id'),
  onMessage: code('takes what is no answer'),
  clock: {
    type: 'code',
    expected: 'a clock',
    check: (value): value is Clock => typeof (value as Clock | null)?.schedule === 'function',
    help: 'the time',
  },
} as const satisfies OptionDescriptions

/**
 * Options of {@link requestReply}.
 *
 * @typeParam Out - a request, as it is written to the connection.
 * @typeParam In - a message that is read from it.
 * @typeParam Id - what request and answer have in common; compared as a `Map` does.
 */
export interface RequestReplyOptions<Out, In, Id> {
  /** The id of the request that a message answers; undefined for one that answers none. */
  readonly idOf: (message: In) => Id | undefined
  /** The request with its id in it. */
  readonly withId: (message: Out, id: Id) => Out
  /** Gives ids, different ones one after the other. Default the numbers from 1 to 2,147,483,647, over and over. */
  readonly nextId?: () => Id
  /** Takes messages that answer nothing that waits, such as what a server sends of its own accord. */
  readonly onMessage?: (message: In, connection: MessageConnection<In, Out>) => void
  /** How long an answer is waited for, in ms: 1 to 2,147,483,647. Default 10,000. */
  readonly timeout?: number
  /** Requests of one connection that may wait for their answers: 1 to 1,000,000. Default 1,024. */
  readonly maxInFlight?: number
  /** Default the real time. */
  readonly clock?: Clock
}

/** Options of one request. */
export interface RequestOptions extends AbortOptions {
  /** In ms, in the place of the one for all. */
  readonly timeout?: number
}

/** Requests and their answers over any number of connections. */
export interface RequestReply<Out, In> {
  /** Messages that answered nothing: late answers, for the most part, and those that `onMessage` took. */
  readonly unmatched: number
  /** Requests of a connection that wait for their answers. */
  inFlight(connection: MessageConnection<In, Out>): number
  /**
   * Sends a request and waits for its answer. With the first one it becomes the reader of its connection, up to its end.
   *
   * @throws as a rejection: {@link RequestTimeoutError}; {@link RequestLimitError}; `signal.reason`; the connection's error
   * where it fails, {@link ConnectionClosedError} where it ends, before the answer; {@link ConnectionBusyError} where
   * somebody else reads the connection; what `withId` and the connection's `write` throw.
   */
  request(connection: MessageConnection<In, Out>, message: Out, options?: RequestOptions): Promise<In>
}

const MOST_IDS = 2 ** 31 - 1

function counter(): () => number {
  let last = 0
  return () => (last = (last % MOST_IDS) + 1)
}

/**
 * Tells which answer belongs to which request, by an id in both, for a client that holds a connection in messages. Many
 * requests may be under way at once, and answers come in any order.
 *
 * Nothing waits for ever: each request ends with its answer, its timeout, its signal or its connection. Over UDP nothing is
 * sent twice: ask again after a {@link RequestTimeoutError}. What `idOf` or `onMessage` throws ends the connection.
 *
 * @throws {@link InvalidOptionError} without `idOf` or `withId`, and for an option that is unknown or out of range.
 *
 * @example
 * const calls = requestReply<Query, Reply, number>({
 *   idOf: (reply) => reply.id,
 *   withId: (query, id) => ({ ...query, id }),
 * })
 * const reply = await calls.request(connection, { name: 'millrace' }, { signal: AbortSignal.timeout(500) })
 */
export function requestReply<Out, In, Id = number>(options: RequestReplyOptions<Out, In, Id>): RequestReply<Out, In> {
  const { idOf, withId, nextId = counter(), onMessage, clock = systemClock, ...bounds } = resolveOptions(
    'requestReply',
    OPTIONS,
    options,
  ) as RequestReplyOptions<Out, In, Id>
  if (idOf === undefined) throw new InvalidOptionError('requestReply.idOf', 'a function', idOf)
  if (withId === undefined) throw new InvalidOptionError('requestReply.withId', 'a function', withId)
  const { timeout, maxInFlight } = bounds as { readonly timeout: number; readonly maxInFlight: number }
  const connections = new WeakMap<MessageConnection<In, Out>, PendingRequests<Out, In, Id>>()
  let unmatched = 0

  const open = (connection: MessageConnection<In, Out>): PendingRequests<Out, In, Id> => {
    const onUnmatched = (message: In): void => {
      unmatched++
      onMessage?.(message, connection)
    }
    const shared = { idOf, withId, nextId: nextId as () => Id, maxInFlight, clock, onUnmatched }
    const pending = new PendingRequests(connection, shared, () => connections.delete(connection))
    // Somebody else may be its reader.
    if (!pending.ended) connections.set(connection, pending)
    return pending
  }

  return {
    get unmatched() {
      return unmatched
    },
    inFlight: (connection) => connections.get(connection)?.size ?? 0,
    request: async (connection, message, given = {}) => {
      const bound = resolveOptions('request', { timeout: { ...OPTIONS.timeout, default: timeout } }, { timeout: given.timeout })
      const pending = connections.get(connection) ?? open(connection)
      return pending.request(message, { timeout: bound.timeout, signal: given.signal })
    },
  }
}
