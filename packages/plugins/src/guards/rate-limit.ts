import {
  CLOCK,
  type Clock,
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
import { Rate, type RateOptions } from './rate.ts'
import { DroppingStage, HoldingStage } from './rate-stages.ts'

/** Options of {@link rateLimit}; at least one of `bytes` and `messages`. */
export interface RateLimitOptions {
  /** Bytes per second: 1 to 1,099,511,627,776. Counted are bytes, and of texts those of their UTF-8. */
  readonly bytes?: number
  /** Items per second: 1 to 1,000,000,000. Behind a framer items are frames, before it the chunks of a socket. */
  readonly messages?: number
  /**
   * How much may come at once after a quiet time, as so many ms of the rate: 50 to 3,600,000.
   *
   * @defaultValue 1_000
   */
  readonly burst?: number
  /**
   * Whether all connections share one rate; else each has its own.
   *
   * @defaultValue false
   */
  readonly shared?: boolean
}

interface Resolved extends RateOptions {
  readonly shared: boolean
}

/** The plugin behind {@link rateLimit}. */
@injectable()
export class RateLimit implements Plugin<unknown, unknown, unknown, unknown> {
  static readonly description: PluginDescription & { readonly produces: 'same' } = {
    name: 'rate-limit',
    help: 'bounds what arrives in a second: pauses a stream, drops datagrams',
    options: {
      bytes: { type: 'integer', unit: 'bytes', range: [1, 2 ** 40], help: 'a second' },
      messages: { type: 'integer', unit: 'messages', range: [1, 1_000_000_000], help: 'a second' },
      burst: {
        type: 'integer',
        unit: 'ms',
        range: [50, 3_600_000],
        default: 1_000,
        help: 'so much time\'s worth may come at once',
      },
      shared: { type: 'boolean', default: false, help: 'one rate for all connections together' },
    },
    primary: 'bytes',
    accepts: 'any',
    produces: 'same',
  }

  readonly name = 'rate-limit'
  readonly perDatagram = true
  readonly #options: Resolved
  readonly #clock: Clock
  readonly #shared: Rate | undefined

  constructor(@inject(PLUGIN_OPTIONS) options: Resolved, @inject(CLOCK) clock: Clock) {
    this.#options = options
    this.#clock = clock
    if (options.shared) this.#shared = new Rate(options, clock)
  }

  open(context: PluginContext): Stages<unknown, unknown, unknown, unknown> {
    const rate = this.#shared ?? new Rate(this.#options, this.#clock)
    if (context.connection.datagram) return { inbound: new DroppingStage(rate) }
    const inbound = new HoldingStage(rate, context)
    return { inbound, close: () => inbound.close() }
  }
}

/**
 * Bounds what arrives in a second, in bytes, in items or both, of each connection or of all together (`shared`).
 *
 * On a **stream** nothing is lost: over the rate the peer is not read from (TCP tells it to wait) until the rate allows
 * more. The chunk that goes over still passes, and its excess is waited for; items that were already on their way, such
 * as the many lines of one chunk, wait here: what one read of 64 KiB expands to. **Datagrams** over the rate are dropped,
 * counted and reported as `frame-dropped` with a {@link FrameRefusedError}; in stateless serving all peers share one rate.
 *
 * When the input ends, and while the server drains, what waits is passed on at once. What is written is not limited.
 * It is for pipelines: as a transform or operator by hand it has no connection to hold, so that what waits has no bound.
 *
 * @throws {@link InvalidOptionError} without `bytes` and `messages`, and for an option that is unknown, of another type or
 * out of range.
 *
 * @example
 * pipeline(rateLimit({ bytes: 1_000_000 }), lines(), rateLimit({ messages: 100, burst: 5_000 }), echo())
 */
export const rateLimit: GuardFactory<RateLimitOptions> = Object.assign(create, { description: RateLimit.description })

function create<Item>(options?: RateLimitOptions): PassingPlugin<Item> {
  const configured = use(RateLimit, options)
  const { bytes, messages } = configured.options as unknown as Resolved
  if (bytes === undefined && messages === undefined) {
    throw new InvalidOptionError('rate-limit.bytes', 'given, or "messages"', bytes)
  }
  return configured as PassingPlugin<Item>
}
