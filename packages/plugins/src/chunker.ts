import {
  type ConfiguredPlugin,
  type Emit,
  inject,
  injectable,
  type Plugin,
  PLUGIN_OPTIONS,
  type PluginDescription,
  type Stage,
  type Stages,
  use,
} from '@millrace/core'

/** Options of {@link chunker}. */
export interface ChunkerOptions {
  /**
   * The largest piece, in bytes: 1 to 16,777,216.
   *
   * @defaultValue 16
   */
  readonly size?: number
}

/** The type of {@link chunker}. */
export interface ChunkerFactory {
  (options?: ChunkerOptions): ConfiguredPlugin<Uint8Array, Uint8Array, Uint8Array, Uint8Array, 'bytes'>
  readonly description: PluginDescription
}

/** The plugin behind {@link chunker}. Its stage has no state, so all connections share it. */
@injectable()
export class Chunker implements Plugin<Uint8Array, Uint8Array, Uint8Array, Uint8Array> {
  static readonly description: PluginDescription & { readonly produces: 'bytes' } = {
    name: 'chunker',
    help: 'splits what arrives into pieces of at most size bytes, and never waits for more',
    options: {
      size: { type: 'integer', unit: 'bytes', range: [1, 16_777_216], default: 16, help: 'the largest piece' },
    },
    primary: 'size',
    accepts: 'bytes',
    produces: 'bytes',
  }

  readonly name = 'chunker'
  readonly perDatagram = true
  readonly #inbound: Stage<Uint8Array, Uint8Array>

  constructor(@inject(PLUGIN_OPTIONS) { size }: Required<ChunkerOptions>) {
    this.#inbound = { push: (chunk, emit) => split(chunk, size, emit), borrows: true }
  }

  open(): Stages<Uint8Array, Uint8Array, Uint8Array, Uint8Array> {
    return { inbound: this.#inbound }
  }
}

function split(chunk: Uint8Array, size: number, emit: Emit<Uint8Array>): void {
  // An empty datagram is an item too.
  if (chunk.length <= size) return emit(chunk)
  for (let at = 0; at < chunk.length; at += size) emit(chunk.subarray(at, at + size))
}

/**
 * Splits what arrives into pieces of at most `size` bytes. It never waits for more, so a piece may be shorter: what it
 * gives is bytes and no frames. (Joining bytes into frames of exactly `size` is what a codec does.) What is written
 * passes unchanged.
 *
 * The pieces are views of what arrived, in its order, and nothing is copied. A datagram of more than `size` bytes
 * becomes several pieces; one that is empty stays one empty piece.
 *
 * @throws {@link InvalidOptionError} for a `size` that is no integer from 1 to 16,777,216, and for any other option.
 *
 * @example
 * const pieces = chunker({ size: 2 }).transform([Buffer.from('abcde')])
 * for await (const piece of pieces) console.log(String(piece)) // ab cd e
 */
export const chunker: ChunkerFactory = Object.assign((options?: ChunkerOptions) => use(Chunker, options), {
  description: Chunker.description,
})
