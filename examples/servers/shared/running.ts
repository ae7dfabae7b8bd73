// What the example servers have in common: they listen, and run until SIGTERM or SIGINT when started by themselves.
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import type { Server, ServerCloseInfo, Serving, TlsServeOptions } from 'millrace'

/** Where a server is to listen. */
export interface Address {
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Default 0: the system chooses one. */
  readonly port?: number
}

/** Where a server is to listen that speaks TLS too. */
export interface SecureAddress extends Address {
  /** A port of its own, and `cert` and `key` in PEM; any other option of TLS may stand beside them. Default no TLS. */
  readonly tls?: TlsServeOptions | undefined
}

/** One or several servers on one port, and on another where they speak TLS. */
export interface Running extends AsyncDisposable {
  readonly port: number
  readonly tlsPort?: number | undefined
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

/** The same of what `serve` gives; its port is that of TCP, which UDP has too. */
export function runningOf(serving: Serving): Running {
  const { tcp, tls } = serving.addresses
  const close = (): Promise<void> => serving.close()
  return { port: tcp?.port ?? 0, tlsPort: tls?.port, close, closed: serving.closed, [Symbol.asyncDispose]: close }
}

/** How a server is started by itself. */
export interface RunOptions {
  readonly port: number
  /** A command for another terminal. */
  readonly hint: (port: number) => string
  /** The same over TLS, for a server that speaks it. */
  readonly tlsHint?: (port: number) => string
}

/**
 * Starts a server if its file is what Node was told to run: on the port that is its first argument, if there is one,
 * and with `--tls PORT --cert FILE --key FILE` over TLS too, if it knows how. Says on stderr what to type into another
 * terminal. The first SIGTERM or SIGINT drains; the exit code is 1 where work was cut off.
 *
 * @param url - of the file: `import.meta.url`.
 */
export async function runDirectly(
  url: string,
  start: (address: SecureAddress) => Promise<Running>,
  { port, hint, tlsHint }: RunOptions,
): Promise<void> {
  const [, file, ...args] = process.argv
  if (file === undefined || pathToFileURL(file).href !== url) return
  const running = await start(readArguments(args, port, tlsHint !== undefined))
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void running.close())
  const { tlsPort } = running
  const ports = tlsPort === undefined ? running.port : `${running.port}, with TLS on port ${tlsPort}`
  const hints = [hint(running.port), ...(tlsPort === undefined ? [] : [tlsHint?.(tlsPort)])]
  console.error(`listening on port ${ports}; in another terminal:\n\n  ${hints.join('\n  ')}\n`)
  const { cutOff } = await running.closed
  process.exitCode = cutOff > 0 ? 1 : 0
}

const TEXT = { type: 'string' } as const
const TLS_FLAGS = { tls: TEXT, cert: TEXT, key: TEXT }

/** Ends the process where they cannot be understood, or a file not read. */
function readArguments(args: string[], port: number, secure: boolean): SecureAddress {
  try {
    const { values, positionals } = parseArgs({ args, options: secure ? TLS_FLAGS : {}, allowPositionals: true })
    const address = { port: Number(positionals[0] ?? port) }
    const { tls, cert, key } = values as Partial<Record<keyof typeof TLS_FLAGS, string>>
    if ((tls ?? cert ?? key) === undefined) return address
    if (!tls || !cert || !key) throw new Error('--tls PORT, --cert FILE and --key FILE go together')
    return { ...address, tls: { port: Number(tls), cert: readFileSync(cert), key: readFileSync(key) } }
  } catch (error) {
    console.error((error as Error).message)
    process.exit(2)
  }
}
