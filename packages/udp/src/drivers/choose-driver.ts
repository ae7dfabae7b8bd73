import cluster from 'node:cluster'
import { NativePackage, wantedDriver } from '@millrace/core'
import { NativeUdpDriver } from './native-udp-driver.ts'
import { NodeUdpDriver } from './node-udp-driver.ts'
import type { UdpDriver } from './udp-driver.ts'

/** A driver, and where it is not the native one, why. */
export interface DriverChoice {
  readonly driver: UdpDriver
  readonly reason?: string
}

const nativePackage = new NativePackage('@millrace/udp-native', () => import('@millrace/udp-native'))

/**
 * The native driver where the package `@millrace/udp-native` is installed and its binary loads, else the one on
 * `node:dgram`. The environment variable `MILLRACE_DRIVER=node` refuses the native one, `public` the way around `socket.send`
 * as well.
 *
 * @param inCluster - the socket is to be shared with a cluster's other workers, which Node's own can alone.
 * @throws {@link InvalidOptionError} for another value of `MILLRACE_DRIVER`; `signal.reason`.
 */
export async function chooseDriver(inCluster: boolean, signal?: AbortSignal): Promise<DriverChoice> {
  signal?.throwIfAborted()
  const wanted = wantedDriver()
  if (wanted !== 'native') {
    return { driver: new NodeUdpDriver(wanted === 'node'), reason: `MILLRACE_DRIVER is ${wanted}` }
  }
  if (inCluster && cluster.isWorker) {
    return { driver: new NodeUdpDriver(), reason: 'the workers of a cluster share the socket (exclusive: true ends that)' }
  }
  const native = await nativePackage.get(signal)
  if ('reason' in native) return { driver: new NodeUdpDriver(), reason: native.reason }
  return { driver: new NativeUdpDriver(native.module) }
}
