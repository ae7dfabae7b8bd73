import { once } from 'node:events'
import { pathToFileURL } from 'node:url'
import { formatAddress, type Serving, type SocketAddress } from 'millrace'

/** What is needed of a server to run it; what {@link serve} gives has it. */
type Runnable = Pick<Serving, 'close' | 'closed' | 'addresses'>

/** Of a server that runs by itself. */
export interface AloneOptions {
  /** Where it listens unless the command line has another port: `npm run example -- servers/NAME PORT`. */
  readonly port: number
  readonly start: (port: number) => Promise<Runnable>
  /** What to type into another terminal. */
  readonly tries: (port: number) => readonly string[]
}

/**
 * Starts a server where its module is the program, and not where it is imported. SIGTERM and SIGINT drain it: exit code
 * 0, or 1 where work was cut off.
 *
 * @param module - its `import.meta.url`.
 */
export async function runAlone(module: string, { port, start, tries }: AloneOptions): Promise<void> {
  if (module !== pathToFileURL(process.argv[1] ?? '').href) return
  const ended = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
  const serving = await start(Number(process.argv[2] ?? port))
  const addresses = Object.entries(serving.addresses) as [string, SocketAddress][]
  for (const [kind, address] of addresses) console.error(`listening ${kind} ${formatAddress(address)}`)
  console.error(['\nin another terminal:', ...tries(addresses[0]?.[1].port ?? port)].join('\n  '))
  await ended
  await serving.close()
  process.exitCode = (await serving.closed).cutOff > 0 ? 1 : 0
}
