// A server in a process of its own, to have its memory alone: `pressure-server.ts NAME`. Tells of itself when asked.
import { setImmediate as turn } from 'node:timers/promises'
import { type Connection, handle, paced, pipeline, type Server, sendTo } from '@millrace/core'
import { chunker, echo, uppercaser } from '@millrace/plugins'
import { createTcpServer } from '@millrace/tcp'
import { pipe } from 'it-pipe'
import { tenfold } from './unkind-plugins.ts'

/** What the server has seen of its connections, and its memory after a collection. */
export interface Report {
  readonly rss: number
  /** The most there was of it since the report before. */
  readonly peak: number
  readonly connections: number
  readonly bytesRead: number
  readonly bytesWritten: number
}

const served: Readonly<Record<string, () => unknown>> = {
  echo: () => pipeline(echo()),
  tenfold: () => pipeline(tenfold(), echo()),
  'chunker and uppercaser': () => pipeline(chunker({ size: 16 }), uppercaser(), echo()),
  'a handler that minds write()': () =>
    pipeline(
      handle(async (connection) => {
        for await (const chunk of connection) if (!connection.write(chunk)) await connection.drain()
      }),
    ),
  'a handler that does not': () =>
    pipeline(
      handle(async (connection) => {
        for await (const chunk of connection) connection.write(chunk)
      }),
    ),
}

const byHand: Readonly<Record<string, (connection: Connection) => void>> = {
  transforms: (connection) => void pipe(connection, uppercaser().transform, tenfold().transform, connection),
  'operators with sendTo': (connection) => {
    connection.data$.pipe(uppercaser().operator, tenfold().operator, sendTo(connection)).subscribe()
  },
  paced: (connection) => {
    const project = async (chunk: Uint8Array): Promise<Uint8Array> => {
      await turn()
      return chunk
    }
    connection.data$.pipe(paced(project), sendTo(connection)).subscribe()
  },
}

const name = process.argv[2] as string
const make = served[name]
const create = createTcpServer as (pipeline: unknown) => unknown
const server = create(make?.()) as Server<Connection, object>
const serve = byHand[name]
if (serve) server.connections$.subscribe(serve)

let peak = 0
const sample = (): number => {
  const { rss } = process.memoryUsage()
  peak = Math.max(peak, rss)
  return rss
}
setInterval(sample, 5).unref()

function report(): Report {
  globalThis.gc?.()
  const rss = sample()
  const connections = [...server.connections]
  const sum = (count: (connection: Connection) => number): number =>
    connections.reduce((all, one) => all + count(one), 0)
  const most = peak
  peak = rss
  return {
    rss,
    peak: most,
    connections: connections.length,
    bytesRead: sum(({ bytesRead }) => bytesRead),
    bytesWritten: sum(({ bytesWritten }) => bytesWritten),
  }
}

process.on('message', () => process.send?.(report()))
await server.listen({ port: 0 })
process.send?.(server.address?.port)
