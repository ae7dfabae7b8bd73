import {
  type AnyPipeline,
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
import { SharedBuilds } from './shared-builds.ts'

/** In the order in which they begin to listen. */
const KINDS: readonly ListenerKind[] = ['tcp', 'tls', 'udp', 'unix']

/**
 * Serves one pipeline on several listeners: its plugins are built once, for all of them, and disposed of when the last one has
 * closed. Either all listen or none does. A listener may have a pipeline of its own, for the same messages.
 *
 * @param pipeline - for every listener that has no `pipeline` of its own.
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
 *
 * @example
 * const answer = respond((question: Uint8Array) => question)
 * const onStreams = pipeline(lengthPrefixed({ bytes: 2 }), answer)
 * // Each datagram is a message by itself. Without a port UDP has that of TCP.
 * await serve(onStreams, { tcp: { port: 10_053 }, udp: { pipeline: pipeline(answer) } })
 */
export async function serve<In, Out>(
  pipeline: Pipeline<In, Out, true>,
  options: ServeOptions<In, Out>,
): Promise<Serving<In, Out>> {
  checkServeOptions(options)
  const { signal, onEvent, container = createContainer() } = options
  signal?.throwIfAborted()
  const asked = KINDS.flatMap((kind) => (options[kind] ? [[kind, splitOptions(kind, options[kind])] as const] : []))
  const builds = new SharedBuilds(container)
  const servers: Partial<Record<ListenerKind, AnyServer>> = {}
  try {
    for (const [kind, { pipeline: own = pipeline, server }] of asked) {
      servers[kind] = createServer(kind, builds.of(own as AnyPipeline), { ...server, container })
    }
    if (onEvent) Object.values(servers).forEach(({ events$ }) => events$.subscribe(onEvent))
    for (const [kind, { listen }] of asked) {
      const { port = kind === 'udp' ? servers.tcp?.address?.port : undefined } = listen
      await servers[kind]?.listen({ ...listen, ...(port === undefined ? {} : { port }), signal })
    }
  } catch (error) {
    await closeAll(Object.values(servers))
    // What stopped the start is the error to tell; a plugin that cannot be disposed of either comes second.
    await builds.release().catch(() => {})
    throw error
  }
  await builds.release()
  return toServing(servers as ServingServers<In, Out>)
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
