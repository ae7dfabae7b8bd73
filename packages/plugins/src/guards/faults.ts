import {
  type Direction,
  inject,
  injectable,
  type Plugin,
  PLUGIN_OPTIONS,
  type PluginContext,
  type PluginDescription,
  type Stages,
  use,
} from '@millrace/core'
import { type FaultCounts, type FaultRates, FaultyStage } from './faulty-stage.ts'
import type { GuardFactory, PassingPlugin } from './guard-factory.ts'
import { seededRandom } from './seeded-random.ts'

/** Options of {@link faults}. Shares are of the items that go by, from 0 to 1. */
export interface FaultsOptions {
  /**
   * The same seed makes the same faults: 0 to 4,294,967,295.
   *
   * @defaultValue 1
   */
  readonly seed?: number
  /**
   * Which way things go wrong.
   *
   * @defaultValue 'both'
   */
  readonly direction?: Direction | 'both'
  /**
   * How late every item is, in ms: 0 to 3,600,000.
   *
   * @defaultValue 0
   */
  readonly latency?: number
  /**
   * How much later still it may be, at random, in ms: 0 to 3,600,000. Datagrams overtake each other then.
   *
   * @defaultValue 0
   */
  readonly jitter?: number
  /**
   * Share of the items that are lost.
   *
   * @defaultValue 0
   */
  readonly loss?: number
  /**
   * Share that comes twice.
   *
   * @defaultValue 0
   */
  readonly duplicate?: number
  /**
   * Share that the next item overtakes.
   *
   * @defaultValue 0
   */
  readonly reorder?: number
  /**
   * Share of the bytes' items in which one bit is turned over.
   *
   * @defaultValue 0
   */
  readonly corrupt?: number
  /**
   * Share of the bytes' items that are cut in two.
   *
   * @defaultValue 0
   */
  readonly split?: number
}

/** What {@link faults} reports as a `plugin-event` when a connection on which something went wrong is gone. */
export interface FaultsMade extends Readonly<FaultCounts> {
  readonly type: 'faults-made'
}

const SHARE = { type: 'number', range: [0, 1], default: 0 } as const
const TIME = { type: 'integer', unit: 'ms', range: [0, 3_600_000], default: 0 } as const

/** So that connections of one seed, and their directions, do not all fail alike. */
const APART = 0x632b_e59b

/** The plugin behind {@link faults}. */
@injectable()
export class Faults implements Plugin<unknown, unknown, unknown, unknown> {
  static readonly description: PluginDescription & { readonly produces: 'same' } = {
    name: 'faults',
    help: 'makes a bad network for tests: late, lost, doubled, out of order, corrupt, cut; the same for the same seed',
    options: {
      seed: { type: 'integer', range: [0, 4_294_967_295], default: 1, help: 'the same seed makes the same faults' },
      direction: { type: 'string', values: ['both', 'inbound', 'outbound'], default: 'both', help: 'which way' },
      latency: { ...TIME, help: 'how late every item is' },
      jitter: { ...TIME, help: 'how much later still, at random' },
      loss: { ...SHARE, help: 'share of items that are lost' },
      duplicate: { ...SHARE, help: 'share that comes twice' },
      reorder: { ...SHARE, help: 'share that the next one overtakes' },
      corrupt: { ...SHARE, help: 'share in which one bit is turned over' },
      split: { ...SHARE, help: 'share that is cut in two' },
    },
    primary: 'seed',
    accepts: 'any',
    produces: 'same',
  }

  readonly name = 'faults'
  readonly #options: Required<FaultsOptions>
  #connections = 0

  constructor(@inject(PLUGIN_OPTIONS) options: Required<FaultsOptions>) {
    this.#options = options
  }

  open(context: PluginContext): Stages<unknown, unknown, unknown, unknown> {
    const { seed, direction, ...rates } = this.#options
    const counts: FaultCounts = { lost: 0, duplicated: 0, reordered: 0, corrupted: 0, split: 0 }
    const begin = seed + 2 * this.#connections++ * APART
    const stage = (start: number, send: (item: unknown) => void): FaultyStage => faulty(context, rates, counts, start, send)
    return {
      ...(direction !== 'outbound' && { inbound: stage(begin, context.emitInbound) }),
      ...(direction !== 'inbound' && { outbound: stage(begin + APART, context.emitOutbound) }),
      close: () => {
        if (Object.values(counts).some((count) => count > 0)) {
          context.event({ type: 'faults-made', ...counts } satisfies FaultsMade)
        }
      },
    }
  }
}

function faulty(
  { clock, connection: { datagram } }: PluginContext,
  rates: FaultRates,
  counts: FaultCounts,
  seed: number,
  send: (item: unknown) => void,
): FaultyStage {
  return new FaultyStage({ rates, counts, random: seededRandom(seed), clock, datagram, send })
}

/**
 * Makes a bad network for tests of one's own, at any place of a pipeline: items come late, get lost, come twice, are
 * overtaken, have a bit turned over, are cut in two. The same `seed` makes the same faults: the first connection fails
 * alike each time, the second in its own way. With the virtual clock time passes at once.
 *
 * First in a pipeline it does to a datagram what a network does. To a stream a network only does `latency`, `jitter` and
 * `split`; what else is wanted of it breaks the stream's bytes, which may be just what a test is after. Behind a framer
 * it is frames that get lost.
 *
 * What is delayed is bounded: over 4 MiB in one direction the oldest goes before its time. At the end of a direction all of
 * it goes at once. Items are never changed, corrupt ones are copies. It keeps state, so it cannot serve statelessly.
 *
 * @throws {@link InvalidOptionError} for an option that is unknown, of another type or out of range.
 *
 * @example
 * const embedded = embed(pipeline(faults({ seed: 7, loss: 0.1, reorder: 0.1 }), myProtocol(), echo()), { datagram: true })
 */
export const faults: GuardFactory<FaultsOptions> = Object.assign(create, { description: Faults.description })

function create<Item>(options?: FaultsOptions): PassingPlugin<Item> {
  return use(Faults, options) as PassingPlugin<Item>
}
