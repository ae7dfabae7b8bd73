import type { OptionDescriptions } from '../options/option-description.ts'

/**
 * What a stage takes: `bytes` any chunk, `frame` whole frames, `message` anything else, `any` all of them. A frame is
 * bytes too; bytes are no frame.
 */
export type Accepts = 'bytes' | 'frame' | 'message' | 'any'

/** What a stage emits: one of the kinds, the `same` kind that came, or `nothing`, which makes it a handler. */
export type Produces = 'bytes' | 'frame' | 'message' | 'same' | 'nothing'

/** Tells the command line, `millrace plugins` and the documentation about a plugin. */
export interface PluginDescription {
  /** As the command line knows it: lower-case letters, digits and dashes. */
  readonly name: string
  /** One line. */
  readonly help: string
  readonly options: OptionDescriptions
  /** The option that `chunker:16` sets. */
  readonly primary?: string
  /** Kind of the inbound side; the outbound side is its mirror. */
  readonly accepts: Accepts
  readonly produces: Produces
  /** What it cannot do without: a plugin after it that makes frames or messages. Default nothing. */
  readonly needs?: 'framer'
}
