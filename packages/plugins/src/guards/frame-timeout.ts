import {
  type ConfiguredPlugin,
  inject,
  injectable,
  type Plugin,
  PLUGIN_OPTIONS,
  type PluginContext,
  type PluginDescription,
  type Stages,
  use,
} from '@millrace/core'
import { FrameWatch } from './frame-watch.ts'

/** Options of {@link frameTimeout}. */
export interface FrameTimeoutOptions {
  /**
   * Within how many ms a frame that was begun must be complete: 1 to 2,147,483,647.
   *
   * @defaultValue 10_000
   */
  readonly timeout?: number
}

/** The type of {@link frameTimeout}. */
export interface FrameTimeoutFactory {
  (options?: FrameTimeoutOptions): ConfiguredPlugin<Uint8Array, Uint8Array, Uint8Array, Uint8Array, 'same'>
  readonly description: PluginDescription
}

/** The plugin behind {@link frameTimeout}. */
@injectable()
export class FrameTimeout implements Plugin<Uint8Array, Uint8Array, Uint8Array, Uint8Array> {
  static readonly description: PluginDescription & { readonly produces: 'same' } = {
    name: 'frame-timeout',
    help: 'ends a connection whose peer begins a frame and is slow to complete it',
    options: {
      timeout: {
        type: 'integer',
        unit: 'ms',
        range: [1, 2_147_483_647],
        default: 10_000,
        help: 'for a frame that was begun',
      },
    },
    primary: 'timeout',
    accepts: 'bytes',
    produces: 'same',
    needs: 'framer',
  }

  readonly name = 'frame-timeout'
  readonly perDatagram = true
  readonly #timeout: number

  constructor(@inject(PLUGIN_OPTIONS) { timeout }: Required<FrameTimeoutOptions>) {
    this.#timeout = timeout
  }

  /** A datagram comes whole. */
  open(context: PluginContext): Stages<Uint8Array, Uint8Array, Uint8Array, Uint8Array> {
    return context.connection.datagram ? {} : { inbound: new FrameWatch(this.#timeout, context) }
  }
}

/**
 * Ends a connection whose peer has begun a frame and not completed it within `timeout`: against those who keep a connection
 * busy with a byte now and then, which no idle timeout sees. It stands before a framer, with byte plugins between them or
 * not, and knows no framer: the first one after it tells it of each frame. Between frames a peer may be silent for as long
 * as it likes. Datagrams come whole and are left alone.
 *
 * The error is a {@link FrameTimeoutError}; what was answered before is still delivered. The time does not run while the
 * peer is not being read from: after each pause it has the whole timeout again. What a framer passes over without making
 * a frame of it (blank lines, a doubled delimiter) counts as one that was begun. Behind a framer that is an AsyncStage, a
 * frame begun in the chunk that completes another is timed from its next chunk on.
 *
 * The last byte of each chunk goes on by itself, which in most framers costs a copy of the frame in hand.
 *
 * @throws {@link InvalidOptionError} for an option that is unknown, of another type or out of range. `pipeline` throws
 * {@link InvalidPipelineError} where no framer follows.
 *
 * @example
 * pipeline(frameTimeout({ timeout: 2_000 }), lines(), uppercaser(), echo())
 */
export const frameTimeout: FrameTimeoutFactory = Object.assign(create, { description: FrameTimeout.description })

function create(options?: FrameTimeoutOptions): ReturnType<FrameTimeoutFactory> {
  return use(FrameTimeout, options)
}
