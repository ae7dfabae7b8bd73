import type { DependencyContainer } from 'tsyringe'
import type { OperatorFunction } from 'rxjs'
import type { Plugin } from '../pipeline/plugin.ts'
import type { PluginDescription, Produces } from './plugin-description.ts'

/** One direction of a plugin as an it-pipe transform and as an RxJS operator. Fresh state at each iteration or subscription. */
export interface StageFaces<In, Out> {
  /** Pulls: no read-ahead. Its `return()` settles at once and releases the source. */
  readonly transform: (source: AsyncIterable<In> | Iterable<In>) => AsyncIterableIterator<Out>
  /** Pushes: synchronous where the stage is, unbuffered. */
  readonly operator: OperatorFunction<In, Out>
}

/**
 * A plugin with its options, not built yet: what `chunker({ size: 16 })` returns and `pipeline` takes. Building happens when
 * a server or client is made, once for each of them. Its own faces, `transform` and `operator`, are its inbound side.
 */
export interface ConfiguredPlugin<WireIn, MessageIn, MessageOut, WireOut, P extends Produces = Produces>
  extends StageFaces<WireIn, MessageIn> {
  readonly description: PluginDescription & { readonly produces: P }
  /** Checked, defaults filled in, frozen. */
  readonly options: Readonly<Record<string, unknown>>
  readonly outbound: StageFaces<MessageOut, WireOut>
  /** @throws {@link PluginBuildError} */
  readonly build: (container: DependencyContainer) => Plugin<WireIn, MessageIn, MessageOut, WireOut>
}
