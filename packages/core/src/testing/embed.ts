import type { AnyConfiguredPlugin } from '../container/configure.ts'
import type { ConfiguredPlugin } from '../container/configured-plugin.ts'
import { type DependencyContainer, createContainer } from '../container/container.ts'
import { CLOCK, LOGGER } from '../container/tokens.ts'
import { CONNECTION_OPTIONS } from '../connection/connection-options.ts'
import type { SocketAddress } from '../connection/socket-address.ts'
import type { OptionsOf } from '../options/option-description.ts'
import { resolveOptions } from '../options/resolve-options.ts'
import { buildPlugins } from '../pipeline/build-pipeline.ts'
import { isPipeline, type Pipeline } from '../pipeline/pipeline.ts'
import { SERVER_OPTIONS } from '../server/server-options.ts'
import { Embedded } from './embedded.ts'
import type { EmbeddedInit } from './embedded-engine.ts'
import { poisoned } from './poison.ts'
import { recordingLogger } from './recording-logger.ts'
import { VirtualClock } from './virtual-clock.ts'

const { lingerTimeout, maxPushBytes } = SERVER_OPTIONS

const EMBED_OPTIONS = {
  ...CONNECTION_OPTIONS,
  idleTimeout: { ...CONNECTION_OPTIONS.idleTimeout, default: 0 },
  writeTimeout: { ...CONNECTION_OPTIONS.writeTimeout, default: 0 },
  lingerTimeout,
  maxPushBytes,
  datagram: { type: 'boolean', default: false, help: 'each item inbound is a datagram; there is no half-close' },
  poison: { type: 'boolean', default: false, help: 'overwrite after push what a stage that borrows was lent' },
} as const

/**
 * Options of {@link embed}: the bounds of a connection and of a pipeline (with `idleTimeout` and `writeTimeout` 0 by
 * default), `datagram`, `poison`, and these.
 */
export type EmbedOptions = OptionsOf<typeof EMBED_OPTIONS> & {
  /**
   * Where services are looked up. `CLOCK` is the harness's own, whatever it says; without a `LOGGER` of its own, what
   * is logged is in {@link Embedded.logs}.
   */
  readonly container?: DependencyContainer
  /** Default a new one. */
  readonly clock?: VirtualClock
  /** Default one of family `memory`. */
  readonly localAddress?: SocketAddress
  /** Default one of family `memory`. */
  readonly remoteAddress?: SocketAddress
}

const address = (port: number): SocketAddress => ({ address: 'memory', port, family: 'memory' })

/**
 * Runs a pipeline, with or without a handler, or a single plugin, with no socket and no waiting: one gives what comes
 * from the peer and looks at what comes out, at either end, in the same turn. It is the engine that servers use, on a
 * connection of its own.
 *
 * @param subject - a pipeline, whose wire end is bytes; or one plugin, whose wire end is whatever it takes.
 * @throws {@link InvalidOptionError}; {@link PluginBuildError} as the making of a server does.
 *
 * @example
 * const embedded = embed(uppercaser())
 * for (const chunks of everySplit(new TextEncoder().encode('straße'))) {
 *   embedded.writeInbound(...chunks)
 * }
 * embedded.readInbound()
 */
export function embed<MessageIn, MessageOut>(
  subject: Pipeline<MessageIn, MessageOut>,
  options?: EmbedOptions,
): Embedded<MessageIn, MessageOut, Uint8Array, Uint8Array>
export function embed<WireIn, MessageIn, MessageOut, WireOut>(
  subject: ConfiguredPlugin<WireIn, MessageIn, MessageOut, WireOut>,
  options?: EmbedOptions,
): Embedded<MessageIn, MessageOut, WireIn, WireOut>
export function embed(
  subject: Pipeline<unknown, never> | ConfiguredPlugin<never, unknown, never, unknown>,
  options: EmbedOptions = {},
): Embedded<unknown, never, never, unknown> {
  const { container = createContainer(), clock = new VirtualClock(), localAddress, remoteAddress, ...rest } = options
  const { datagram, poison, ...limits } = resolveOptions('embed', EMBED_OPTIONS, rest)
  const logger = recordingLogger()
  const services = container.createChildContainer()
  services.register(CLOCK, { useValue: clock })
  if (!container.isRegistered(LOGGER, true)) services.register(LOGGER, { useValue: logger })
  const plugins = isPipeline(subject) ? subject.plugins : [subject as unknown as AnyConfiguredPlugin]
  const built = buildPlugins(plugins, services)
  const init: EmbeddedInit = {
    built: poison ? { ...built, plugins: built.plugins.map(poisoned) } : built,
    wire: isPipeline(subject) ? 'bytes' : subject.description.accepts,
    limits,
    datagram,
    clock,
    logs: logger.lines,
    localAddress: localAddress ?? address(1),
    remoteAddress: remoteAddress ?? address(2),
  }
  return new Embedded(init)
}
