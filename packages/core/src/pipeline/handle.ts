import type { SocketAddress } from '../connection/socket-address.ts'
import { configure } from '../container/configure.ts'
import type { ConfiguredPlugin } from '../container/configured-plugin.ts'
import { InvalidOptionError } from '../errors/invalid-option-error.ts'
import type { OptionDescriptions, OptionsOf } from '../options/option-description.ts'
import { resolveOptions } from '../options/resolve-options.ts'
import type { AnswerSequence, BuiltPlugin, RequestFacts } from './built-pipeline.ts'
import type { MessageConnection } from './message-connection.ts'
import { isPromise, takeRejection } from './returned.ts'

/** What {@link handle} and {@link respond} return: the end of a pipeline. */
export type Handler<In, Out> = ConfiguredPlugin<In, never, never, Out, 'nothing'>

const describe = (name: string, help: string): Handler<never, never>['description'] => ({
  name,
  help,
  options: {},
  accepts: 'any',
  produces: 'nothing',
})

/**
 * Serves each connection, or UDP session, by a function of its own: called once, with the messages. Written inside {@link
 * pipeline}, it has the types of the plugins before it; by itself it is told them, or serves bytes.
 *
 * When it resolves, output ends, is flushed and half-closed; further input is discarded up to `lingerTimeout`; the connection
 * closes. When it throws, the connection is aborted, with a {@link PluginError} whose cause is what it threw.
 *
 * Where the peer of a stream breaks the protocol (a codec throws a {@link FrameError}) nothing more is read. The messages before come
 * first, then the iteration throws: a PluginError whose cause is the FrameError. What is written until the function ends, by its `catch`
 * too, goes out, and the connection closes with that error, also where it was caught. It takes `lingerTimeout` from the error on at most,
 * then what is written by then goes out. Let the error pass, or return: whoever throws something else has failed, as above.
 *
 * @example
 * const greet = handle<string, string>(async (connection) => {
 *   for await (const name of connection) connection.write(`hello ${name}`)
 * })
 */
export function handle<In = Uint8Array, Out = Uint8Array>(
  serve: (connection: MessageConnection<In, Out>) => Promise<void> | void,
): Handler<In, Out> {
  if (typeof serve !== 'function') throw new InvalidOptionError('handle', 'a function', serve)
  const plugin: Omit<BuiltPlugin, 'sites'> = {
    name: 'handle',
    terminal: true,
    open: () => ({}),
    serve: async (connection) => serve(connection as MessageConnection<never, never> as MessageConnection<In, Out>),
  }
  return configure<In, never, never, Out, 'nothing'>(describe('handle', 'serves each connection by a function'), {}, () => plugin)
}

/** What a function given to {@link respond} may answer with. */
export type Answers<Out> = Out | readonly Out[] | Iterable<Out> | AsyncIterable<Out> | void

/**
 * What is sent of what was answered. Asked of the answer's own type, because inference would look into whatever can be iterated
 * first and take a `Uint8Array` for several numbers.
 */
export type AnswerItem<Answer> =
  Answer extends void | null | undefined ? never
  : Answer extends Uint8Array | string ? Answer
  : Answer extends Iterable<infer Item> | AsyncIterable<infer Item> ? Item
  : Answer

/** Of one request. */
export interface Request {
  readonly remoteAddress: SocketAddress
  /** Aborts when the answer is no longer wanted: the connection is gone. */
  readonly signal: AbortSignal
}

const RESPOND_OPTIONS = {
  concurrency: {
    type: 'integer',
    unit: 'requests',
    range: [1, 10_000],
    default: 1,
    help: 'requests of one connection that may be in hand at once',
  },
} as const satisfies OptionDescriptions

/**
 * Serves by request and answer: each message is answered with none, one or several, in the order of the requests. Several are
 * an array, or what a generator (asynchronous or not) yields; `Uint8Array` and strings are one answer, though they can be
 * iterated. While the peer is behind, no further request is read.
 *
 * Where the peer of a stream breaks the protocol, all requests before are answered, within `lingerTimeout`, and the connection closes. For
 * a last word to such a peer use {@link handle}.
 *
 * @param options - `concurrency`: requests of one connection that may be in hand at once, default 1.
 * @throws {@link InvalidOptionError}
 *
 * @example
 * const time = respond(() => new TextEncoder().encode(new Date().toISOString()))
 */
export function respond<In = Uint8Array, Answer = unknown>(
  answer: (item: In, request: Request) => Answer,
  options?: OptionsOf<typeof RESPOND_OPTIONS>,
): Handler<In, AnswerItem<Awaited<Answer>>>
export function respond<In, Out>(
  answer: (item: In, request: Request) => Answers<Out> | Promise<Answers<Out>>,
  options?: OptionsOf<typeof RESPOND_OPTIONS>,
): Handler<In, Out>
export function respond<In, Out>(
  answer: (item: In, request: Request) => Answers<Out> | Promise<Answers<Out>>,
  options: OptionsOf<typeof RESPOND_OPTIONS> = {},
): Handler<In, Out> {
  if (typeof answer !== 'function') throw new InvalidOptionError('respond', 'a function', answer)
  const { concurrency } = resolveOptions('respond', RESPOND_OPTIONS, options)
  const plugin: Omit<BuiltPlugin, 'sites'> = {
    name: 'respond',
    terminal: true,
    perDatagram: true,
    open: () => ({}),
    answer: {
      concurrency,
      to: (item: unknown, request: RequestFacts) => {
        const answers = answer(item as In, request)
        return isPromise(answers) ? Promise.resolve(answers).then(several) : several(answers)
      },
    },
  }
  return configure<In, never, never, Out, 'nothing'>(describe('respond', 'answers each message'), { concurrency }, () => plugin)
}

function several<Out>(answers: Answers<Out>): AnswerSequence {
  if (answers === undefined || answers === null) return []
  const single = typeof answers !== 'object' || answers instanceof Uint8Array
  if (single) return [answers]
  // Promises in an array are awaited one by one: one that rejects before its turn is not to end the process.
  if (Array.isArray(answers)) for (const answer of answers) takeRejection(answer)
  if (Symbol.asyncIterator in answers || Symbol.iterator in answers) return answers as Iterable<unknown>
  return [answers]
}
