import { connect, type NetConnectOpts, type Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { type Clock, ConnectError, ConnectTimeoutError, type Timer } from '@millrace/core'
import type { ResolvedConnectOptions } from './connect-options.ts'
import { sureLookup } from './sure-lookup.ts'
import { secureClient } from '../tls/secure-client.ts'

/** Where a client connects to, as errors name it: `127.0.0.1:10000`, `[::1]:10000`, or the path. */
function targetName({ host, port, path }: ResolvedConnectOptions): string {
  return path ?? `${host.includes(':') ? `[${host}]` : host}:${port}`
}

interface OpenContext {
  readonly clock: Clock
  readonly signal: AbortSignal | undefined
}

/** A connected socket, and what TLS made over it, where it was asked for. */
export interface OpenedSocket {
  readonly socket: Socket
  readonly secure?: TLSSocket
}

/**
 * Connects a socket, makes the handshake where TLS is asked for, and makes something of it in the very call in which it is
 * ready, so that no event is missed.
 *
 * @throws (as a rejection) {@link ConnectError}, {@link ConnectTimeoutError}, {@link CertificateError}, `signal.reason`; then nothing
 * is left open, but for a look-up that is under way: the system cannot be stopped in that.
 */
export function openSocket<T>(
  options: ResolvedConnectOptions,
  { clock, signal }: OpenContext,
  use: (opened: OpenedSocket) => T,
): Promise<T> {
  const { connectTimeout, clientTls } = options
  const target = targetName(options)
  if (signal?.aborted) return Promise.reject(signal.reason)
  return new Promise((resolve, reject) => {
    const socket = connect(nodeOptions(options))
    let timer: Timer | undefined
    let forget = (): void => {}
    const settle = (): void => {
      timer?.cancel()
      signal?.removeEventListener('abort', onAbort)
      socket.off('connect', onConnect).off('error', onError)
      forget()
    }
    const giveUp = (reason: unknown): void => {
      settle()
      // An attempt that fails while it is being given up has nobody else to tell.
      socket.on('error', () => {}).destroy()
      reject(reason)
    }
    const finish = (opened: OpenedSocket): void => {
      settle()
      try {
        resolve(use(opened))
      } catch (error) {
        giveUp(error)
      }
    }
    const onConnect = (): void => {
      if (!clientTls) return finish({ socket })
      // Beneath TLS, what breaks the socket is told of there too.
      socket.off('error', onError).on('error', () => {})
      const host = options.path === undefined ? options.host : undefined
      const onSecure = (secure: TLSSocket): void => finish({ socket, secure })
      try {
        forget = secureClient(socket, { tls: clientTls, host, target, onSecure, onFailure: giveUp })
      } catch (error) {
        giveUp(error)
      }
    }
    const onError = (cause: Error): void => giveUp(new ConnectError(target, { cause }))
    const onAbort = (): void => giveUp(signal?.reason)
    socket.on('connect', onConnect).on('error', onError)
    signal?.addEventListener('abort', onAbort)
    if (connectTimeout > 0) {
      const onTimeout = (): void => giveUp(new ConnectTimeoutError(target, connectTimeout))
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
    ...(lookup !== undefined && { lookup: sureLookup(lookup) }),
  }
}
