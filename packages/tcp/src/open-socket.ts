import { connect, type NetConnectOpts, type Socket } from 'node:net'
import { type Clock, ConnectError, ConnectTimeoutError, type Timer } from '@millrace/core'
import type { ResolvedConnectOptions } from './connect-options.ts'

/** Where a client connects to, as errors name it: `127.0.0.1:10000`, `[::1]:10000`, or the path. */
function targetName({ host, port, path }: ResolvedConnectOptions): string {
  return path ?? `${host.includes(':') ? `[${host}]` : host}:${port}`
}

interface OpenContext {
  readonly clock: Clock
  readonly signal: AbortSignal | undefined
}

/**
 * Connects a socket and makes something of it, in the very call in which it is connected, so that no event is missed.
 *
 * @throws (as a rejection) {@link ConnectError}, {@link ConnectTimeoutError}, `signal.reason`; then nothing is left
 * open, but for a look-up that is under way: the system cannot be stopped in that.
 */
export function openSocket<T>(
  options: ResolvedConnectOptions,
  { clock, signal }: OpenContext,
  use: (socket: Socket) => T,
): Promise<T> {
  const { connectTimeout } = options
  if (signal?.aborted) return Promise.reject(signal.reason)
  return new Promise((resolve, reject) => {
    const socket = connect(nodeOptions(options))
    let timer: Timer | undefined
    const settle = (): void => {
      timer?.cancel()
      signal?.removeEventListener('abort', onAbort)
      socket.off('connect', onConnect).off('error', onError)
    }
    const giveUp = (reason: unknown): void => {
      settle()
      // An attempt that fails while it is being given up has nobody else to tell.
      socket.on('error', () => {}).destroy()
      reject(reason)
    }
    const onConnect = (): void => {
      settle()
      try {
        resolve(use(socket))
      } catch (error) {
        giveUp(error)
      }
    }
    const onError = (cause: Error): void => giveUp(new ConnectError(targetName(options), { cause }))
    const onAbort = (): void => giveUp(signal?.reason)
    socket.on('connect', onConnect).on('error', onError)
    signal?.addEventListener('abort', onAbort)
    if (connectTimeout > 0) {
      const onTimeout = (): void => giveUp(new ConnectTimeoutError(targetName(options), connectTimeout))
      timer = clock.schedule(onTimeout, connectTimeout)
    }
  })
}

/** Only what is Node's, and without `signal`, by which Node would destroy the socket for its whole life. */
function nodeOptions(options: ResolvedConnectOptions): NetConnectOpts {
  const { host, port, path, family, hints, localAddress, localPort, lookup } = options
  if (path !== undefined) return { path, allowHalfOpen: true }
  const { noDelay, keepAlive, keepAliveInitialDelay, autoSelectFamily, autoSelectFamilyAttemptTimeout } = options
  return {
    host,
    port: port as number,
    allowHalfOpen: true,
    noDelay,
    keepAlive,
    keepAliveInitialDelay,
    autoSelectFamily,
    autoSelectFamilyAttemptTimeout,
    ...(family !== undefined && { family }),
    ...(hints !== undefined && { hints }),
    ...(localAddress !== undefined && { localAddress }),
    ...(localPort !== undefined && { localPort }),
    ...(lookup !== undefined && { lookup }),
  }
}
