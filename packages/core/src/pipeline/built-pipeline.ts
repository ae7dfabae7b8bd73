import type { SocketAddress } from '../connection/socket-address.ts'
import type { Site } from './link.ts'
import type { Direction, Plugin } from './plugin.ts'

/** A plugin ready to be opened, whatever its types: those were checked when the pipeline was composed. */
export interface BuiltPlugin extends Plugin<unknown, unknown, unknown, unknown> {
  /** Nothing comes after it: it answers by itself, or serves. */
  readonly terminal: boolean
  /** Whether its inbound stage makes frames or messages of what it takes. */
  readonly frames?: boolean
  /** Whether what comes down to it are whole frames. */
  readonly framed?: boolean
  /** For its links, and for errors. */
  readonly sites: Readonly<Record<Direction, Site>>
  /** For stateless serving: how `respond` answers one item. */
  readonly answer?: Answer
}

/** Whether a plugin at the end sends its answers from its own stage, as echo does, rather than from a handler. */
export function answersItself(last: BuiltPlugin | undefined): boolean {
  return last !== undefined && last.terminal && !last.serve && !last.answer
}

/** What `respond` is made of, for whoever runs it without a connection. */
export interface Answer {
  /** How many items may be in hand at once. */
  readonly concurrency: number
  /** Gives the answers to one item, in order: none, one, or as many as come; an array where they are there at once. */
  readonly to: (item: unknown, facts: RequestFacts) => AnswerSequence | Promise<AnswerSequence>
}

/** The answers to one item. */
export type AnswerSequence = Iterable<unknown> | AsyncIterable<unknown>

/** Who asked, and how long the answer is wanted. */
export interface RequestFacts {
  readonly remoteAddress: SocketAddress
  /** Aborts when the connection is gone, or the server ends. */
  readonly signal: AbortSignal
}

/** The plugins of a pipeline, built once, to be opened for any number of connections. */
export interface BuiltPipeline {
  readonly plugins: readonly BuiltPlugin[]
  /** Whether a handler is at its end. */
  readonly serves: boolean
  /** Who uses it: the last to let go disposes of the plugins. */
  retain(): void
  /**
   * Lets go; the last one disposes of the plugins in reverse order, each once.
   *
   * @throws AggregateError of all failures, when everything has been tried.
   */
  release(): Promise<void>
}
