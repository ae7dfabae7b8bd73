import {
  type Direction,
  inject,
  injectable,
  InvalidOptionError,
  type Plugin,
  PLUGIN_OPTIONS,
  type PluginContext,
  type PluginDescription,
  type Stages,
  use,
} from '@millrace/core'
import type { GuardFactory, PassingPlugin } from './guard-factory.ts'
import { TeeOutlet, TeeStage, type TeeTarget } from './tee-outlet.ts'

/** Options of {@link tee}. */
export interface TeeOptions {
  /** Takes the copies: a function, or an RxJS Subject. */
  readonly to: TeeTarget
  /**
   * Which way to copy.
   *
   * @defaultValue 'both'
   */
  readonly direction?: Direction | 'both'
  /**
   * How much of an item of bytes is copied, in bytes: 1 to 16,777,216.
   *
   * @defaultValue 65_536
   */
  readonly maxBytes?: number
  /**
   * Bytes of one connection that may be with a target whose promise has not settled, each copy counting for 128 more:
   * 1 to 1,073,741,824.
   *
   * @defaultValue 1_048_576
   */
  readonly maxPending?: number
}

/** What {@link tee} reports as a `plugin-event` when a connection is gone of which copies were lost. */
export interface TeeIncomplete {
  readonly type: 'tee-incomplete'
  readonly dropped: number
  readonly error?: unknown
}

function isTarget(value: unknown): value is TeeTarget {
  return typeof value === 'function' || typeof (value as { next?: unknown } | null)?.next === 'function'
}

/** The plugin behind {@link tee}. */
@injectable()
export class Tee implements Plugin<unknown, unknown, unknown, unknown> {
  static readonly description: PluginDescription & { readonly produces: 'same' } = {
    name: 'tee',
    help: 'gives a copy of what goes by to a function or an observer',
    options: {
      to: { type: 'code', expected: 'a function, or an object with next()', check: isTarget, help: 'takes the copies' },
      direction: { type: 'string', values: ['both', 'inbound', 'outbound'], default: 'both', help: 'which way to copy' },
      maxBytes: {
        type: 'integer',
        unit: 'bytes',
        range: [1, 16_777_216],
        default: 65_536,
        help: 'of an item that are copied',
      },
      maxPending: {
        type: 'integer',
        unit: 'bytes',
        range: [1, 1_073_741_824],
        default: 1_048_576,
        help: 'with a target that takes its time',
      },
    },
    accepts: 'any',
    produces: 'same',
  }

  readonly name = 'tee'
  readonly perDatagram = true
  readonly #options: Required<TeeOptions>

  constructor(@inject(PLUGIN_OPTIONS) options: Required<TeeOptions>) {
    this.#options = options
  }

  open(context: PluginContext): Stages<unknown, unknown, unknown, unknown> {
    const { to, direction: which } = this.#options
    const outlet = new TeeOutlet(to, this.#options)
    const stage = (direction: Direction): TeeStage =>
      new TeeStage((item) => outlet.give(item, { direction, connection: context.connection, time: context.clock.now() }))
    return {
      ...(which !== 'outbound' && { inbound: stage('inbound') }),
      ...(which !== 'inbound' && { outbound: stage('outbound') }),
      close: () => {
        const { dropped, error } = outlet.losses
        if (dropped === 0 && error === undefined) return
        const event: TeeIncomplete = { type: 'tee-incomplete', dropped, ...(error !== undefined && { error }) }
        context.event(event)
      },
    }
  }
}

/**
 * Gives a copy of what goes by, in either direction, to a function or an RxJS Subject: to watch, mirror or record. What
 * it does never changes, ends or holds back the connection.
 *
 * Of bytes it is a copy of at most `maxBytes`; any other item is the very one that goes on, not to be changed. A target
 * that returns promises may have copies of `maxPending` bytes of a connection in hand; further ones are left out. What it
 * throws, or rejects with, is lost with its copy. When a connection is gone of which anything was lost, the server reports
 * a `plugin-event` (`tee-incomplete`) with how many were left out and the first error.
 *
 * @throws {@link InvalidOptionError} without `to`, and for an option that is unknown, of another type or out of range.
 *
 * @example
 * const copies = new Subject<TeeCopy>()
 * createTcpServer(pipeline(tee({ to: copies }), echo()))
 * copies.pipe(filter(({ direction }) => direction === 'inbound')).subscribe(show)
 */
export const tee: GuardFactory<TeeOptions> = Object.assign(create, { description: Tee.description })

function create<Item>(options?: TeeOptions): PassingPlugin<Item> {
  const configured = use(Tee, options)
  if (options?.to === undefined) throw new InvalidOptionError('tee.to', 'a function, or an object with next()', undefined)
  return configured as PassingPlugin<Item>
}
