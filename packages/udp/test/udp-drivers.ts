import * as native from '@millrace/udp-native'
import { afterEach, beforeEach, describe, vi } from 'vitest'
import { NativeUdpDriver } from '../src/drivers/native-udp-driver.ts'
import { NodeUdpDriver } from '../src/drivers/node-udp-driver.ts'
import type { BindOptions } from '../src/socket-options.ts'
import type { PeerAddress, UdpDriver, UdpDriverEvents } from '../src/drivers/udp-driver.ts'

/** Whether the native driver can be had here: on Linux, once `npm run build:native` has made its binary. */
export const hasNative: boolean = (() => {
  try {
    native.loadNative()
    return true
  } catch {
    return false
  }
})()

/** Every driver, and each way that one has. */
export const DRIVERS: readonly (readonly [name: string, isHere: boolean, create: () => UdpDriver])[] = [
  ['node', true, () => new NodeUdpDriver()],
  ['node, by public interfaces alone', true, () => new NodeUdpDriver(false)],
  ['native (where its binary is)', hasNative, () => new NativeUdpDriver(native)],
]

const open: UdpDriver[] = []

/** Closes what {@link bindDriver} has bound. */
export async function closeDrivers(): Promise<void> {
  await Promise.all(open.splice(0).map((driver) => driver.close()))
}

/** A bound driver and what it tells. */
export async function bindDriver(driver: UdpDriver, options: Partial<BindOptions> = {}) {
  open.push(driver)
  const datagrams: { data: Buffer; from: string; peer: number }[] = []
  const batches: number[] = []
  const errors: Error[] = []
  const failures: { to: string; bytes: number; error: Error }[] = []
  const truncated: { from: string; bytes: number }[] = []
  const text = ({ address, port }: PeerAddress): string => `${address}:${port}`
  const events: UdpDriverEvents = {
    onBatch(batch) {
      batches.push(batch.length)
      for (let i = 0; i < batch.length; i++) {
        datagrams.push({ data: Buffer.from(batch.data(i)), from: text(batch.sender(i)), peer: batch.peer(i) })
      }
    },
    onTruncated: (from, bytes) => truncated.push({ from: text(from), bytes }),
    onSendFailed: (to, bytes, error) => failures.push({ to: text(to), bytes, error }),
    onError: (error) => errors.push(error),
  }
  const local = await driver.bind({ type: 'udp4', address: '127.0.0.1', port: 0, ...options }, events)
  return { driver, local, datagrams, batches, errors, failures, truncated, events }
}

/** Registers tests for servers and clients, once for each driver that they may choose and that is here. */
export function describeOnDrivers(title: string, register: () => void): void {
  for (const [name, isHere] of [['node', true], ['native', hasNative]] as const) {
    describe.runIf(isHere)(`${title}, on the ${name} driver${name === 'native' ? ' (where its binary is)' : ''}`, () => {
      beforeEach(() => void vi.stubEnv('MILLRACE_DRIVER', name === 'node' ? 'node' : undefined))
      afterEach(() => void vi.unstubAllEnvs())
      register()
    })
  }
}
