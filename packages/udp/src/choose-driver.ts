import cluster from 'node:cluster'
import { wantedDriver } from '@millrace/core'
import { type NativeModule, NativeUdpDriver } from './native-udp-driver.ts'
import { NodeUdpDriver } from './node-udp-driver.ts'
import type { UdpDriver } from './udp-driver.ts'

/** A driver, and where it is not the native one, why. */
export interface DriverChoice {
  readonly driver: UdpDriver
  readonly reason?: string
}

/** The native package, loaded with its binary; or why it is not there. */
type Loaded = NativeModule | { readonly reason: string }

let loading: Promise<Loaded> | undefined

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
  const native = await orAborted((loading ??= load()), signal)
  if ('reason' in native) return { driver: new NodeUdpDriver(), reason: native.reason }
  return { driver: new NativeUdpDriver(native) }
}

async function load(): Promise<Loaded> {
  try {
    const native = await import('@millrace/udp-native')
    native.loadNative()
    return native
  } catch (error) {
    return { reason: reasonOf(error) }
  }
}

/** What is being loaded goes on being loaded: the next one to ask has it. */
function orAborted<T>(loads: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return loads
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error)
    signal.addEventListener('abort', onAbort, { once: true })
    void loads.then((loaded) => {
      signal.removeEventListener('abort', onAbort)
      resolve(loaded)
    })
  })
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const isMissing = (error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND' && error.message.includes('udp-native')
  return isMissing ? '@millrace/udp-native is not installed' : error.message.split('\n', 1)[0] as string
}
