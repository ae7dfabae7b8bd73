import {
  type AnyPipeline,
  buildPipeline,
  type BuiltPipeline,
  createContainer,
  type DependencyContainer,
  type Pipeline,
  type Server,
} from '@millrace/core'
import { createTcpServer } from '@millrace/tcp'
import { createUdpServer } from '@millrace/udp'
import { checkServeOptions, type ListenerKind, type ServeOptions, splitOptions, type SplitOptions } from './serve-options.ts'
import { type Serving, type ServingServers, toServing } from './serving.ts'

/** In the order in which they begin to listen. */
const KINDS: readonly ListenerKind[] = ['tcp', 'tls', 'udp', 'unix']

/**
 * Serves one pipeline on several listeners: its plugins are built once, for all of them, and disposed of when the last one has
 * closed. Either all listen or none does.
 *
 * @param options - a listener or more, each with the options of its server and of its `listen` in one object.
 * @returns when all listen.
 * @throws (as a rejection) {@link InvalidOptionError}; {@link InvalidPipelineError} for a pipeline without a handler;
 * {@link PluginBuildError}; {@link ListenError} where an address cannot be had; `signal.reason`. Nothing listens then. The signal
 * has no effect once all listen.
 *
 * @example
 * const serving = await serve(pipeline(echo()), { tcp: { port: 10_000 }, udp: { port: 10_000 }, unix: { path: '/run/echo.sock' } })
 * process.once('SIGTERM', () => void serving.close())
 * const { cutOff } = await serving.closed
 */
export async function serve<In, Out>(pipeline: Pipeline<In, Out, true>, options: ServeOptions): Promise<Serving<In, Out>> {
  checkServeOptions(options)
  const { signal, onEvent, container = createContainer() } = options
  signal?.throwIfAborted()
  const asked = KINDS.flatMap((kind) => (options[kind] ? [[kind, splitOptions(kind, options[kind])] as const] : []))
  const built = buildPipeline(pipeline as AnyPipeline, container)
  // Held while starting, so that a server that fails to start leaves the plugins to the others.
  built.retain()
  const servers: AnyServer[] = []
  try {
    for (const [kind, { server }] of asked) servers.push(createServer(kind, built, { ...server, container }))
    if (onEvent) servers.forEach(({ events$ }) => events$.subscribe(onEvent))
    for (const [i, [, { listen }]] of asked.entries()) await servers[i]?.listen({ ...listen, signal })
  } catch (error) {
    await closeAll(servers)
    // What stopped the start is the error to tell; a plugin that cannot be disposed of either comes second.
    await built.release().catch(() => {})
    throw error
  }
  await built.release()
  return toServing(Object.fromEntries(asked.map(([kind], i) => [kind, servers[i]])) as ServingServers<In, Out>)
}

type AnyServer = Server<unknown, object>

function createServer(
  kind: ListenerKind,
  built: BuiltPipeline,
  options: SplitOptions['server'] & { readonly container: DependencyContainer },
): AnyServer {
  return kind === 'udp' ? createUdpServer(built, options) : createTcpServer(built, options)
}

async function closeAll(servers: readonly AnyServer[]): Promise<void> {
  for (const server of servers) server.abort()
  await Promise.all(servers.map(({ closed }) => closed))
}
