import type { ConfiguredPlugin, Frame, PluginContext, PluginDescription } from '@millrace/core'

/** A framing codec: takes bytes however they are cut and gives frames; what is written to it goes out as one frame. */
export interface FramerFactory<Options> {
  (options?: Options): ConfiguredPlugin<Uint8Array, Frame, Uint8Array, Uint8Array, 'frame'>
  readonly description: PluginDescription
}

/** What a codec reports as a `plugin-event` for each frame that it leaves out because it was told to. */
export interface FrameDiscarded {
  readonly type: 'frame-discarded'
  /** What would have ended the connection. */
  readonly error: Error
}

/** Reports what is left out, where it is to be left out; undefined where it is an error. */
export function discardReport(
  policy: 'error' | 'discard',
  context: Pick<PluginContext, 'event'>,
): ((error: Error) => void) | undefined {
  if (policy === 'error') return undefined
  return (error) => context.event({ type: 'frame-discarded', error } satisfies FrameDiscarded)
}
