import { channel } from 'node:diagnostics_channel'
import { type Clock, ConnectError, ConnectionResetError, type DriverEvents, InvalidOptionError } from '@millrace/core'
import type { ResolvedConnectOptions } from './connect-options.ts'
import type { ReportDrop } from './drop.ts'
import { Outlet } from './outlet.ts'
import { ReplyBudget } from './reply-budget.ts'
import { resolveHost } from './resolve-host.ts'
import { SessionDriver } from './session-driver.ts'
import type { ConnectedAddresses, UdpDriver } from './udp-driver.ts'
import { UdpSession } from './udp-session.ts'

const dropped = channel('millrace:datagram-dropped')
const report: ReportDrop = (event) => {
  if (dropped.hasSubscribers) dropped.publish(event)
}

/** What the socket's news go to: nowhere until there is a session. */
interface Receiver {
  session?: UdpSession
  fail?: (error: Error) => void
}

/**
 * The session of a client: a socket of its own, connected to its peer.
 *
 * @throws {@link InvalidOptionError}, {@link ConnectError}, `signal.reason`
 */
export async function openSession(
  driver: UdpDriver,
  options: ResolvedConnectOptions,
  clock: Clock,
): Promise<UdpSession> {
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
