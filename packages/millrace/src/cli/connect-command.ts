import { subscribe } from 'node:diagnostics_channel'
import {
  type AnyPipeline,
  composePipeline,
  createContainer,
  type DependencyContainer,
  LOGGER,
  type Pipeline,
  type PluginRegistry,
  type PluginText,
  type ServerEvent,
  systemClock,
} from '@millrace/core'
import { connectTcp, type TlsClientOptions } from '@millrace/tcp'
import { connectUdp, MAX_DATAGRAM_BYTES } from '@millrace/udp'
import type { ConnectCommand } from './arguments.ts'
import type { Endpoint } from './endpoint.ts'
import { EventLog } from './event-log.ts'
import { createRegistry } from './import-plugins.ts'
import { Input } from './input.ts'
import { createLogger, stderrTarget } from './log.ts'
import { Output } from './output.ts'
import { type ByteDuplex, relayDatagrams, relayStream } from './relay.ts'
import { readTlsFiles } from './read-tls-files.ts'
import { asBytes, asLines } from './stdio.ts'
import type { ConnectTls } from './tls-flags.ts'
import { UsageError } from './usage-error.ts'

/**
 * `millrace connect`: stdin to the peer, the peer to stdout, each through the pipeline; where that has frames, a line is one.
 *
 * @returns the exit code: 0 when the peer has ended (over UDP: is silent), or nobody reads stdout any more.
 * @throws what failed: connecting, the connection, stdin or stdout.
 */
export async function runConnect({ endpoint, tls, wait, imports, plugins }: ConnectCommand): Promise<number> {
  const { pipeline, kind } = composeClient(await createRegistry(imports), plugins)
  const secured = tls && { ...(await readTlsFiles(tls.files)), ...pick(tls) }
  const logger = await createLogger(stderrTarget(process.stderr))
  const events = new EventLog(logger, systemClock)
  for (const type of ['datagram-dropped', 'frame-dropped', 'plugin-event']) {
    subscribe(`millrace:${type}`, (event) => events.handle(event as ServerEvent))
  }
  const container = createContainer()
  container.register(LOGGER, { useValue: logger })
  try {
    const connection = await connect(endpoint, pipeline, { container, ...(secured && { tls: secured }) })
    const output = new Output(process.stdout, () => void leave(connection))
    const input = new Input(process.stdin)
    const isUdp = endpoint.transport === 'udp'
    const stdio = kind === 'frame' ? asLines(input, output) : asBytes(input, output, isUdp ? MAX_DATAGRAM_BYTES : Infinity)
    const { error } = await (isUdp ? relayDatagrams(connection, stdio, wait) : relayStream(connection, input, stdio))
    await output.flush()
    const failure = output.broken ? output.failure : error
    if (failure) throw failure
    return 0
  } finally {
    events.flush()
  }
}

/** In milliseconds: how long a peer that nobody listens to any more has to take what was sent. */
const LEAVING = 500

/** Ends a connection whose output nobody wants, whatever the peer still has to say. */
async function leave(connection: ByteDuplex): Promise<void> {
  await connection.close({ signal: AbortSignal.timeout(LEAVING) }).catch(() => connection.abort())
}

/** What stands between the connection and stdin and stdout. */
interface Client {
  readonly pipeline?: AnyPipeline
  /** What it gives and takes at its end. */
  readonly kind: string
}

/** @throws {@link UsageError}, {@link UnknownPluginError}, {@link InvalidOptionError}, {@link InvalidPipelineError} */
function composeClient(registry: PluginRegistry, texts: readonly PluginText[]): Client {
  if (texts.length === 0) return { kind: 'bytes' }
  const pipeline = composePipeline(texts.map((text) => registry.configure(text)))
  let last = ''
  let kind = 'bytes'
  for (const { description } of pipeline.plugins) {
    if (description.produces === 'same') continue
    last = description.name
    kind = description.produces
  }
  if (kind === 'nothing') throw new UsageError(`"${last}" is a handler, which is for serve: connect takes plugins without one`)
  if (kind === 'message') throw new UsageError(`"${last}" gives messages, but connect writes bytes to stdout`)
  return { pipeline, kind }
}

const pick = ({ servername, rejectUnauthorized }: ConnectTls): TlsClientOptions => ({
  rejectUnauthorized,
  ...(servername !== undefined && { servername }),
})

/** A person, or a pipe, may be silent for as long as it likes: no timeout ends what has been connected. */
const PATIENT = { idleTimeout: 0 } as const

async function connect(
  endpoint: Endpoint,
  composed: AnyPipeline | undefined,
  common: { readonly container: DependencyContainer; readonly tls?: TlsClientOptions },
): Promise<ByteDuplex> {
  const pipeline = composed as Pipeline<Uint8Array, Uint8Array, false> | undefined
  if (endpoint.transport === 'udp') {
    const options = { ...PATIENT, host: endpoint.host, port: endpoint.port, container: common.container }
    return pipeline ? connectUdp(options, pipeline) : connectUdp(options)
  }
  const where = endpoint.transport === 'unix' ? { path: endpoint.path } : { host: endpoint.host, port: endpoint.port }
  const options = { ...PATIENT, writeTimeout: 0, ...where, ...common }
  return pipeline ? connectTcp(options, pipeline) : connectTcp(options)
}
