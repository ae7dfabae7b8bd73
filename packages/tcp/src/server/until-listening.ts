import type { ListenOptions, Server } from 'node:net'

/**
 * Begins to listen and waits until the server does. Where a signal gives up before, the server is closed.
 *
 * @throws (as a rejection) Node's error; the reason of the signal that gave up.
 */
export function untilListening(server: Server, where: ListenOptions, signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      server.off('listening', onListening).off('error', onError)
      for (const signal of signals) signal.removeEventListener('abort', onAbort)
    }
    const onListening = (): void => {
      settle()
      resolve()
    }
    const onError = (error: Error): void => {
      settle()
      reject(error)
    }
    const onAbort = ({ target }: Event): void => {
      settle()
      // A look-up that is under way may still fail; if it does not, Node begins nothing on a server that was closed.
      server.on('error', () => {})
      server.close()
      reject((target as AbortSignal).reason)
    }
    server.on('listening', onListening).on('error', onError)
    for (const signal of signals) signal.addEventListener('abort', onAbort)
    try {
      server.listen(where)
    } catch (error) {
      onError(error as Error)
    }
  })
}
