import cluster from 'node:cluster'
import { NativePackage, wantedDriver } from '@millrace/core'
import type { Poller } from '../ports/poller.ts'

/** What a server wants that Node's own sockets can alone. */
export interface PollerNeeds {
  readonly secure: boolean
  readonly unix: boolean
  /** In a cluster, the port is to be shared with the other workers. */
  readonly shared: boolean
}

/** The native driver's poller, or why it does not serve. */
export type PollerChoice = { readonly poller: Poller } | { readonly reason: string }

const nativePackage = new NativePackage('@millrace/tcp-native', () => import('@millrace/tcp-native'))

/**
 * The poller of the package `@millrace/tcp-native`, where it is installed and its binary loads. The environment variable
 * `MILLRACE_DRIVER` refuses it.
 *
 * @throws {@link InvalidOptionError} for a value of it that is none; `signal.reason`.
 */
export async function choosePoller({ secure, unix, shared }: PollerNeeds, signal?: AbortSignal): Promise<PollerChoice> {
  const wanted = wantedDriver()
  if (wanted !== 'native') return { reason: `MILLRACE_DRIVER is ${wanted}` }
  if (secure) return { reason: 'TLS is made over Node\'s own sockets' }
  if (unix) return { reason: 'Unix sockets are served by Node\'s own' }
  if (shared && cluster.isWorker) {
    return { reason: 'the workers of a cluster share the port (exclusive: true ends that)' }
  }
  const native = await nativePackage.get(signal)
  return 'reason' in native ? native : { poller: native.module.loadNative() }
}
