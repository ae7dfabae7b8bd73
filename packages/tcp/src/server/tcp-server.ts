import {
  type AnyPipeline,
  BaseServer,
  type BuiltPipeline,
  type Clock,
  CLOCK,
  type Connection,
  createContainer,
  type MessageConnection,
  type Pipeline,
  resolveService,
  type Server,
} from '@millrace/core'
import { toLimits } from '../common-options.ts'
import { Handshakes } from '../tls/handshakes.ts'
import type { TcpListenOptions } from './listen-options.ts'
import { resolveServerOptions, type TcpServerOptions } from './server-options.ts'
import { TcpListener } from './tcp-listener.ts'
import { toTlsEngine } from '../tls/tls-options.ts'

/**
 * A server over TCP, or over a Unix socket where it listens on a path.
 *
 * @typeParam C - `Connection` without a pipeline, else the `MessageConnection` at the pipeline's end.
 */
export type TcpServer<C> = Server<C, TcpListenOptions>

/**
 * Makes a server; it holds no system resource until `listen`. With a pipeline that ends in a handler it runs that on
 * each connection; without one it is itself the sequence of its connections.
 *
 * @param pipeline - built here, once; or one built already (`buildPipeline`), to be shared by several servers.
 * @throws {@link InvalidOptionError}; {@link InvalidPipelineError} for a pipeline without a handler; {@link
 * PluginBuildError}.
 *
 * @example
 * const server = await createTcpServer(pipeline(echo())).listen({ port: 10000 })
 *
 * @example
 * const server = await createTcpServer().listen({ port: 10000 })
 * for await (const connection of server) void pipe(connection, connection)
 */
export function createTcpServer<In, Out>(
  pipeline: Pipeline<In, Out, true>,
  options?: TcpServerOptions,
): TcpServer<MessageConnection<In, Out>>
export function createTcpServer(
  pipeline: BuiltPipeline,
  options?: TcpServerOptions,
): TcpServer<MessageConnection<unknown, unknown>>
export function createTcpServer(pipeline?: undefined, options?: TcpServerOptions): TcpServer<Connection>
export function createTcpServer(
  pipeline?: AnyPipeline | BuiltPipeline,
  options?: TcpServerOptions,
): TcpServer<Connection | MessageConnection<unknown, unknown>> {
  const resolved = resolveServerOptions(options)
  const container = resolved.container ?? createContainer()
  const clock = resolveService(container, CLOCK) as Clock
  const { tls, handshakeTimeout } = resolved
  const handshakes = tls && new Handshakes(toTlsEngine('createTcpServer.tls', tls), tls.requestCert)
  const listener = new TcpListener({ ...resolved, limits: toLimits(resolved), clock, handshakes, handshakeTimeout })
  return new BaseServer({ listener, pipeline, container, limits: resolved })
}
