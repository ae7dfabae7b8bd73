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
import { UpperCaseStage } from './upper-case-stage.ts'

/** Options of {@link uppercaser}. */
export interface UppercaserOptions {
  /**
   * What to do with bytes that are no UTF-8: `replace` puts U+FFFD in their place, `error` throws a {@link
   * CorruptFrameError}.
   *
   * @defaultValue 'replace'
   */
  readonly invalid?: 'replace' | 'error'
}

/** The type of {@link uppercaser}. */
export interface UppercaserFactory {
  (options?: UppercaserOptions): ConfiguredPlugin<Uint8Array, Uint8Array, Uint8Array, Uint8Array, 'same'>
  readonly description: PluginDescription
}

/** The plugin behind {@link uppercaser}. */
@injectable()
export class Uppercaser implements Plugin<Uint8Array, Uint8Array, Uint8Array, Uint8Array> {
  static readonly description: PluginDescription & { readonly produces: 'same' } = {
    name: 'uppercaser',
    help: 'turns the UTF-8 text that arrives into upper case',
    options: {
      invalid: {
        type: 'string',
        values: ['replace', 'error'],
        default: 'replace',
        help: 'what to do with bytes that are no UTF-8',
      },
    },
    primary: 'invalid',
    accepts: 'bytes',
    produces: 'same',
  }

  readonly name = 'uppercaser'
  readonly perDatagram = true
  readonly #options: Required<UppercaserOptions>

  constructor(@inject(PLUGIN_OPTIONS) options: Required<UppercaserOptions>) {
    this.#options = options
  }

  open({ connection, framed }: PluginContext): Stages<Uint8Array, Uint8Array, Uint8Array, Uint8Array> {
    return { inbound: new UpperCaseStage(this.#options.invalid, connection.datagram, framed) }
  }
}

/**
 * Turns the UTF-8 text that arrives into upper case, as `String.prototype.toUpperCase` does: the same in every locale,
 * and `ß` becomes `SS`. What is written passes unchanged.
 *
 * A character that is cut in two by the end of a chunk waits for its other half: at most three bytes, up to the next
 * chunk, on a datagram connection up to the end of the datagram. So the text that comes out is the same however the
 * bytes were cut. What does not change is passed on as the same object; the result may have up to three times as many
 * bytes. Bytes that are not ASCII make a chunk several times slower than one that is all ASCII.
 *
 * Behind a framer each frame is a text of its own: a character that its end cuts off is invalid, and nothing waits for the next one.
 *
 * A character that the end of input cuts off is invalid as well. With `invalid: 'error'` what came before the bad byte
 * still comes out of a stream, a bad frame gives nothing, and a bad datagram is dropped from there on.
 *
 * @throws {@link InvalidOptionError} for any other value of `invalid`, and for any other option.
 *
 * @example
 * const shouted = uppercaser().transform([Buffer.from('straße')])
 * for await (const chunk of shouted) console.log(String(chunk)) // STRASSE
 */
export const uppercaser: UppercaserFactory = Object.assign((options?: UppercaserOptions) => use(Uppercaser, options), {
  description: Uppercaser.description,
})
