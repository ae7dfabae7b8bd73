import {
  type AnyPipeline,
  buildClientPipeline,
  type Clock,
  CLOCK,
  createContainer,
  type MessageConnection,
  type Pipeline,
  resolveService,
  runClient,
} from '@millrace/core'
import { chooseDriver } from '../drivers/choose-driver.ts'
import { openSession } from './client-session.ts'
import { resolveConnectOptions, type UdpConnectOptions } from './connect-options.ts'
import type { UdpSession } from '../session/udp-session.ts'

/**
 * Connects a UDP socket to one peer. Nothing is sent by it: whether anybody is there shows when something is written. A
 * peer that refuses (nobody has the port, and its host says so) fails the connection with {@link ConnectionResetError},
 * whose cause has the code `ECONNREFUSED`; one that is silent is not told from a lost datagram.
 *
 * Only the peer's datagrams come in. There is no reply budget on this side. What is dropped is published on the
 * diagnostics channel `millrace:datagram-dropped`.
 *
 * @param options - `port` must be given; `host` is 127.0.0.1 by default. Times in ms, sizes in bytes.
 * @param pipeline - without a handler: the result is then its end, in messages.
 * @throws {@link InvalidOptionError}, {@link InvalidPipelineError} and {@link PluginBuildError} at once (as a
 * rejection, with nothing opened); {@link ConnectError} where no socket comes about; `signal.reason`.
 *
 * @example
 * const connection = await connectUdp({ port: 10_000 })
 * connection.write(new TextEncoder().encode('hello'))
 * for await (const datagram of connection) break
 * await connection.close()
 */
export function connectUdp(options: UdpConnectOptions): Promise<UdpSession>
export function connectUdp<In, Out>(
  options: UdpConnectOptions,
  pipeline: Pipeline<In, Out, false>,
): Promise<MessageConnection<In, Out>>
export async function connectUdp(options: UdpConnectOptions, pipeline?: AnyPipeline): Promise<unknown> {
  const resolved = resolveConnectOptions(options)
  const { container = createContainer(), highWaterMark, maxPushBytes } = resolved
  const built = pipeline && buildClientPipeline(pipeline, container)
  built?.retain()
  try {
    const session = await openSession(await chooseDriver(false, resolved.signal), resolved, resolveService(container, CLOCK) as Clock)
    return built ? runClient(session, built, { container, highWaterMark, maxPushBytes }) : session
  } finally {
    await built?.release()
  }
}
