// What the example servers have in common: they listen, and run until SIGTERM or SIGINT when started by themselves.
import { pathToFileURL } from 'node:url'
import type { Server, ServerCloseInfo, Serving } from 'millrace'

/** Where a server is to listen. */
export interface Address {
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Default 0: the system chooses one. */
  readonly port?: number
}

/** One or several servers on one port. */
export interface Running extends AsyncDisposable {
  readonly port: number
  /** Accepts no more, lets what is in hand finish, and resolves when all is closed. */
  close(): Promise<void>
  readonly closed: Promise<ServerCloseInfo>
}

type Listens = Pick<Server<never, Address>, 'address' | 'abort' | 'close' | 'closed'> & {
  listen(address: Address): Promise<unknown>
}

/** Has all of them listen on one port, those of TCP before those of UDP; where one cannot, none does. */
export async function listenOn(address: Address, ...servers: readonly Listens[]): Promise<Running> {
  const { host = '127.0.0.1', port = 0 } = address
  let shared = port
  try {
    for (const server of servers) {
      await server.listen({ host, port: shared })
      shared = server.address?.port ?? shared
    }
  } catch (error) {
    for (const server of servers) server.abort()
    throw error
  }
  const close = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.close()))
  }
  const closed = Promise.all(servers.map((server) => server.closed)).then((infos) => ({
    cutOff: infos.reduce((sum, { cutOff }) => sum + cutOff, 0),
  }))
  return { port: shared, close, closed, [Symbol.asyncDispose]: close }
}

/** The same of what `serve` gives; its port is that of TCP. */
export function runningOf(serving: Serving): Running {
  const close = (): Promise<void> => serving.close()
  return { port: serving.addresses.tcp?.port ?? 0, close, closed: serving.closed, [Symbol.asyncDispose]: close }
}

/**
 * Starts a server if its file is what Node was told to run: on the port that is its first argument, if there is one.
 * Says on stderr what to type into another terminal. The first SIGTERM or SIGINT drains; the exit code is 1 where work
 * was cut off.
 *
 * @param url - of the file: `import.meta.url`.
 * @param hint - a command for another terminal.
 */
export async function runDirectly(
  url: string,
  start: (address: Address) => Promise<Running>,
  { port, hint }: { readonly port: number; readonly hint: (port: number) => string },
): Promise<void> {
  const [, file, given = String(port)] = process.argv
  if (file === undefined || pathToFileURL(file).href !== url) return
  const running = await start({ port: Number(given) })
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void running.close())
  console.error(`listening on port ${running.port}; in another terminal:\n\n  ${hint(running.port)}\n`)
  const { cutOff } = await running.closed
  process.exitCode = cutOff > 0 ? 1 : 0
}
