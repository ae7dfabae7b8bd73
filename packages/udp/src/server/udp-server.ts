import {
  type AnyPipeline,
  BaseServer,
  buildPipeline,
  type BuiltPipeline,
  type Clock,
  CLOCK,
  createContainer,
  InvalidOptionError,
  isPipeline,
  type MessageConnection,
  type Pipeline,
  resolveService,
  type Server,
  StatelessRun,
} from '@millrace/core'
import { chooseDriver } from '../drivers/choose-driver.ts'
import type { UdpListenOptions } from './listen-options.ts'
import {
  type ResolvedServerOptions,
  resolveServerOptions,
  toServerLimits,
  type UdpServerOptions,
} from './server-options.ts'
import type { StatelessServe } from './stateless-port.ts'
import { UdpListener } from './udp-listener.ts'
import type { UdpSession } from '../session/udp-session.ts'

/**
 * A server over UDP. Each peer is a session, and a session is a connection.
 *
 * @typeParam C - {@link UdpSession} without a pipeline, else the `MessageConnection` at the pipeline's end.
 */
export type UdpServer<C> = Server<C, UdpListenOptions>

/** The server itself, which knows that there may be work without sessions. */
class SessionServer<C> extends BaseServer<C, UdpListenOptions> {
  readonly #listener: UdpListener

  constructor(listener: UdpListener, pipeline: BuiltPipeline | undefined, options: ResolvedServerOptions) {
    super({ listener, pipeline, container: options.container, limits: toServerLimits(options) })
    this.#listener = listener
  }

  override abort(reason?: unknown): void {
    this.#listener.cutOff()
    super.abort(reason)
  }
}

/**
 * Makes a server; it holds no system resource until `listen`. With a pipeline that ends in a handler it runs that on
 * each session; without one it is itself the sequence of its sessions.
 *
 * A session begins with the first datagram of a peer (address and port) and ends, cleanly, when the peer is silent for
 * `sessionIdleTimeout`. Datagrams are dropped, counted and reported as `datagram-dropped` where a bound is reached,
 * where nobody may be answered (source port 0, our own address, broadcast and multicast sources), and where a reply
 * would pass `maxReplyRatio` or `maxReplyDatagrams`; {@link UdpSession.prove} lifts those two. Draining lets live
 * sessions finish and drops the datagrams of unknown peers.
 *
 * @param pipeline - built here, once; or one built already (`buildPipeline`), to be shared by several servers.
 * @throws {@link InvalidOptionError}; {@link InvalidPipelineError} for a pipeline without a handler, and for one that
 * cannot serve statelessly where `stateless` is set; {@link PluginBuildError}.
 *
 * @example
 * const server = await createUdpServer(pipeline(echo())).listen({ port: 10000 })
 *
 * @example
 * const server = await createUdpServer().listen({ port: 10000 })
 * for await (const session of server) void pipe(session, session)
 */
export function createUdpServer<In, Out>(
  pipeline: Pipeline<In, Out, true>,
  options?: UdpServerOptions,
): UdpServer<MessageConnection<In, Out>>
export function createUdpServer(
  pipeline: BuiltPipeline,
  options?: UdpServerOptions,
): UdpServer<MessageConnection<unknown, unknown>>
export function createUdpServer(pipeline?: undefined, options?: UdpServerOptions): UdpServer<UdpSession>
export function createUdpServer(
  pipeline?: AnyPipeline | BuiltPipeline,
  given?: UdpServerOptions,
): UdpServer<UdpSession> | UdpServer<MessageConnection<unknown, unknown>> {
  const options = resolveServerOptions(given)
  if (options.stateless && pipeline === undefined) {
    throw new InvalidOptionError('createUdpServer.stateless', 'left out without a pipeline, which would serve', true)
  }
  const container = options.container ?? createContainer()
  const clock = resolveService(container, CLOCK) as Clock
  const toBuild = isPipeline(pipeline) && pipeline.serves
  const built = toBuild ? buildPipeline(pipeline, container) : (pipeline as BuiltPipeline)
  const serveStateless = options.stateless && built.serves ? statelessServe(built, options, clock) : undefined
  const listener = new UdpListener({ options, clock, chooseDriver, serveStateless })
  return new SessionServer<UdpSession>(listener, built, { ...options, container })
}

/** @throws {@link InvalidPipelineError} at once, by a trial: what a pipeline cannot do shows only when it is opened. */
function statelessServe(built: BuiltPipeline, { maxPushBytes }: ResolvedServerOptions, clock: Clock): StatelessServe {
  const serve: StatelessServe = (localAddress, send, report) =>
    new StatelessRun(built, { localAddress, clock, maxPushBytes, send, report })
  try {
    serve({ address: '0.0.0.0', port: 0, family: 'IPv4' }, () => {}, () => {}).close()
  } catch (error) {
    built.retain()
    void built.release().catch(() => {})
    throw error
  }
  return serve
}
