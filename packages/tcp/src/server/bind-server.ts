import { createServer, type ListenOptions, type Server, type ServerOpts } from 'node:net'
import { removeStaleSocket } from './stale-socket.ts'
import { untilListening } from './until-listening.ts'

/**
 * A server of Node's that listens. On a path where a server was that is no more, it takes its place.
 *
 * @param options - of each connection's socket.
 * @throws (as a rejection) Node's error; the reason of a signal that gave up.
 */
export async function bindServer(options: ServerOpts, where: ListenOptions, signals: readonly AbortSignal[]): Promise<Server> {
  try {
    return await bindOnce(options, where, signals)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (where.path === undefined || code !== 'EADDRINUSE' || !(await removeStaleSocket(where.path))) throw error
  }
  return bindOnce(options, where, signals)
}

async function bindOnce(options: ServerOpts, where: ListenOptions, signals: readonly AbortSignal[]): Promise<Server> {
  for (const signal of signals) signal.throwIfAborted()
  const server = createServer({ ...options, allowHalfOpen: true })
  await untilListening(server, where, signals)
  return server
}
