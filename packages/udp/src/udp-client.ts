import { channel } from 'node:diagnostics_channel'
import {
  type AnyPipeline,
  buildClientPipeline,
  CLOCK,
  type Clock,
  ConnectError,
  ConnectionResetError,
  createContainer,
  type DriverEvents,
  InvalidOptionError,
  type MessageConnection,
  type Pipeline,
  resolveService,
  runClient,
} from '@millrace/core'
import { type ResolvedConnectOptions, resolveConnectOptions, type UdpConnectOptions } from './connect-options.ts'
import type { ReportDrop } from './drop.ts'
import { NodeUdpDriver } from './node-udp-driver.ts'
import { Outlet } from './outlet.ts'
import { ReplyBudget } from './reply-budget.ts'
import { resolveHost } from './resolve-host.ts'
import { SessionDriver } from './session-driver.ts'
import type { ConnectedAddresses, UdpDriver } from './udp-driver.ts'
import { UdpSession } from './udp-session.ts'

/**
 * Connects a UDP socket to one peer. Nothing is sent by it: whether anybody is there shows when something is written. A peer
 * that refuses (nobody has the port, and its host says so) fails the connection with {@link ConnectionResetError}, whose cause
 * has the code `ECONNREFUSED`; one that is silent is not told from a lost datagram.
 *
 * Only the peer's datagrams come in. There is no reply budget on this side. What is dropped is published on the diagnostics
 * channel `millrace:datagram-dropped`.
 *
 * @param options - `port` must be given; `host` is 127.0.0.1 by default. Times in ms, sizes in bytes.
 * @param pipeline - without a handler: the result is then its end, in messages.
 * @throws {@link InvalidOptionError}, {@link InvalidPipelineError} and {@link PluginBuildError} at once (as a rejection, with
 * nothing opened); {@link ConnectError} where no socket comes about; `signal.reason`.
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
    const session = await open(new NodeUdpDriver(), resolved, resolveService(container, CLOCK) as Clock)
    return built ? runClient(session, built, { container, highWaterMark, maxPushBytes }) : session
  } finally {
    await built?.release()
  }
}

const dropped = channel('millrace:datagram-dropped')
const report: ReportDrop = (event) => {
  if (dropped.hasSubscribers) dropped.publish(event)
}

/** What the socket's news go to: nowhere until there is a session. */
interface Receiver {
  session?: UdpSession
  fail?: (error: Error) => void
}

async function open(driver: UdpDriver, options: ResolvedConnectOptions, clock: Clock): Promise<UdpSession> {
  const receiver: Receiver = {}
  const addresses = await connect(driver, options, receiver)
  const { remoteAddress } = addresses
  const { highWaterMark, maxWriteBuffer, idleTimeout, maxSendQueue, maxSessionQueue } = options
  const outlet = new Outlet(driver, maxSendQueue, clock, report)
  const budget = new ReplyBudget(Infinity, Infinity)
  budget.lift()
  const fail = (cause: Error): void => sessionDriver.fail(new ConnectionResetError(remoteAddress, { cause }))
  let sessionDriver!: SessionDriver
  const createDriver = (events: DriverEvents): SessionDriver =>
    (sessionDriver = new SessionDriver(events, {
      outlet,
      to: undefined,
      remoteAddress,
      budget,
      report,
      watchAll: true,
      onSent: () => {},
      onSendError: (error) => {
        if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') fail(error)
      },
      onReleased: async (flush) => {
        if (flush) await outlet.flush()
        await driver.close()
      },
    }))
  const limits = { highWaterMark, maxWriteBuffer, idleTimeout, writeTimeout: 0 }
  receiver.session = new UdpSession({ ...addresses, limits, maxSessionQueue, clock, budget, report, createDriver })
  receiver.fail = fail
  return receiver.session
}

async function connect(driver: UdpDriver, options: ResolvedConnectOptions, to: Receiver): Promise<ConnectedAddresses> {
  const { host, port, signal, localAddress, localPort } = options
  try {
    const { address, type } = await resolveHost('connectUdp.host', host, options)
    const local = localAddress ?? (type === 'udp6' ? '::' : '0.0.0.0')
    await driver.bind({ ...options, type, address: local, port: localPort }, {
      onDatagram: (data, from, fromPort) => {
        // From the moment of connecting the kernel sees to it; this is for what came before.
        if (fromPort === port && from === address) to.session?.receive(data)
      },
      onError: (error) => to.fail?.(error),
    })
    return await driver.connect({ address, port, signal })
  } catch (error) {
    if (error instanceof InvalidOptionError || (signal?.aborted && error === signal.reason)) throw error
    throw new ConnectError(`${host.includes(':') ? `[${host}]` : host}:${port}`, { cause: error })
  }
}
