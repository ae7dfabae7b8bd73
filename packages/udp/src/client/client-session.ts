import { channel } from 'node:diagnostics_channel'
import { type Clock, ConnectError, ConnectionResetError, type DriverEvents, InvalidOptionError } from '@millrace/core'
import { peerAddress } from '../address-key.ts'
import type { DriverChoice } from '../drivers/choose-driver.ts'
import type { ResolvedConnectOptions } from './connect-options.ts'
import { droppedInbound, type ReportDrop } from '../session/drop.ts'
import { giveOut, type Taken } from '../session/give-out.ts'
import { Outlet } from '../session/outlet.ts'
import { ReplyBudget } from '../session/reply-budget.ts'
import { resolveHost } from '../resolve-host.ts'
import { SessionDriver } from '../session/session-driver.ts'
import { CONNECTED, type ConnectedAddresses, type DatagramBatch, type UdpDriver } from '../drivers/udp-driver.ts'
import { UdpSession } from '../session/udp-session.ts'

const dropped = channel('millrace:datagram-dropped')
const driverChosen = channel('millrace:driver-chosen')
const report: ReportDrop = (event) => {
  if (dropped.hasSubscribers) dropped.publish(event)
}

/** What the socket's news go to: nowhere until there is a session. */
interface Receiver {
  /** The number of the peer. From the moment of connecting the kernel lets no other in; this is for what came before. */
  peer?: number
  session?: UdpSession
  fail?: (error: Error) => void
  onSendFailed?: (error: Error, bytes: number) => void
}

/**
 * The session of a client: a socket of its own, connected to its peer.
 *
 * @throws {@link InvalidOptionError}, {@link ConnectError}, `signal.reason`
 */
export async function openSession(
  { driver, reason }: DriverChoice,
  options: ResolvedConnectOptions,
  clock: Clock,
): Promise<UdpSession> {
  const receiver: Receiver = {}
  const addresses = await connect(driver, options, receiver)
  if (driverChosen.hasSubscribers) {
    driverChosen.publish({ type: 'driver-chosen', transport: 'udp', driver: driver.name, ...(reason && { reason }) })
  }
  const { remoteAddress } = addresses
  const { highWaterMark, maxWriteBuffer, idleTimeout, maxSendQueue, maxSessionQueue } = options
  const outlet = new Outlet(driver, maxSendQueue, clock, report)
  const budget = new ReplyBudget(Infinity, Infinity)
  budget.lift()
  const fail = (cause: Error): void => sessionDriver.fail(new ConnectionResetError(remoteAddress, { cause }))
  const onSendError = (error: Error): void => {
    if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') fail(error)
  }
  let sessionDriver!: SessionDriver
  const createDriver = (events: DriverEvents): SessionDriver =>
    (sessionDriver = new SessionDriver(events, {
      outlet,
      to: CONNECTED,
      remoteAddress,
      budget,
      report,
      watchAll: true,
      onSent: () => {},
      onSendError,
      onReleased: async (flush) => {
        if (flush) await outlet.flush()
        await driver.close()
      },
    }))
  const limits = { highWaterMark, maxWriteBuffer, idleTimeout, writeTimeout: 0 }
  receiver.session = new UdpSession({ ...addresses, limits, maxSessionQueue, clock, budget, report, createDriver })
  receiver.fail = fail
  receiver.onSendFailed = (error, bytes) => {
    outlet.reportFailure(error, remoteAddress, bytes)
    onSendError(error)
  }
  return receiver.session
}

async function connect(driver: UdpDriver, options: ResolvedConnectOptions, to: Receiver): Promise<ConnectedAddresses> {
  const { host, port, signal, localAddress, localPort } = options
  try {
    const { address, type } = await resolveHost('connectUdp.host', host, options)
    const local = localAddress ?? (type === 'udp6' ? '::' : '0.0.0.0')
    const take = (batch: DatagramBatch, index: number, isRetry: boolean): Taken =>
      (batch.peer(index) === to.peer && to.session?.receive(batch.data(index), isRetry)) || 'next'
    await driver.bind({ ...options, type, address: local, port: localPort }, {
      onBatch: (batch) => giveOut(batch, take),
      onTruncated: (from, bytes) => report(droppedInbound('truncated', peerAddress(from.address, from.port), bytes)),
      onSendFailed: (_to, bytes, error) => to.onSendFailed?.(error, bytes),
      onError: (error) => to.fail?.(error),
    })
    const addresses = await driver.connect({ address, port, signal })
    to.peer = driver.keep({ address, port })
    return addresses
  } catch (error) {
    if (error instanceof InvalidOptionError || (signal?.aborted && error === signal.reason)) throw error
    throw new ConnectError(`${host.includes(':') ? `[${host}]` : host}:${port}`, { cause: error })
  }
}
