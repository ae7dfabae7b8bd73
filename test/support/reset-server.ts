// Servers in a process of their own, for clients that reset. Tells what it has seen when asked.
import { readdirSync, readlinkSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import {
  definePlugin,
  handle,
  pipeline,
  sendTo,
  type Server,
  type ServerEvent,
  UnexpectedEndError,
} from '@millrace/core'
import { echo, uppercaser } from '@millrace/plugins'
import { createTcpServer } from '@millrace/tcp'
import { pipe } from 'it-pipe'

/** What the servers have seen, all together. */
export interface Seen {
  readonly opened: number
  readonly closed: number
  readonly failed: number
  /** Connections of which more than one error was reported. */
  readonly reportedTwice: number
  /** Errors that no connection had. */
  readonly otherErrors: readonly string[]
  /** Frames that were given on though they were cut. */
  readonly cutFrames: number
  readonly warnings: readonly string[]
  /** Open sockets (the loader has files and pipes that come and go); where the system does not list them, active resources. */
  readonly descriptors: number
}

const FRAME = 1000
let cutFrames = 0

/** Frames of {@link FRAME} bytes. */
const framer = definePlugin({
  name: 'framer',
  open: () => {
    let held = Buffer.alloc(0)
    return {
      inbound: {
        push: (chunk: Uint8Array, emit: (frame: Uint8Array) => void) => {
          held = Buffer.concat([held, chunk])
          for (; held.length >= FRAME; held = held.subarray(FRAME)) emit(held.subarray(0, FRAME))
        },
        end: () => {
          if (held.length > 0) throw new UnexpectedEndError(held.length)
        },
      },
    }
  },
})

/** Reads only after a while: the reset has come by then. */
const late = definePlugin({
  name: 'late',
  open: () => ({
    inbound: async function* (source: AsyncIterable<Uint8Array>) {
      await delay(20)
      yield* source
    },
  }),
})

/** Says that the connection has been accepted. */
const GREETING = Buffer.from('>')
const greeter = definePlugin({
  name: 'greeter',
  open: ({ emitOutbound }) => {
    queueMicrotask(() => emitOutbound(GREETING))
    return {}
  },
})

const wholeFrames = handle(async (connection) => {
  connection.write(GREETING)
  for await (const frame of connection) {
    if (frame.byteLength !== FRAME) cutFrames++
    connection.write(frame)
  }
})
const pours = handle(async (connection) => {
  const block = Buffer.alloc(64 * 1024)
  for (;;) {
    connection.write(block)
    await connection.drain()
  }
})

const transforms = createTcpServer()
transforms.connections$.subscribe((connection) => {
  connection.write(GREETING)
  void pipe(connection, uppercaser().transform, late().transform, connection)
})
const operators = createTcpServer()
operators.connections$.subscribe((connection) => {
  connection.write(GREETING)
  connection.data$.pipe(uppercaser().operator, late().operator, sendTo(connection)).subscribe()
})

/** The first three serve the same, in the three faces. */
const servers = [
  createTcpServer(pipeline(uppercaser(), late(), greeter(), echo())),
  transforms,
  operators,
  createTcpServer(pipeline(framer(), wholeFrames)),
  createTcpServer(pipeline(pours)),
] as unknown as Server<unknown, object>[]

let opened = 0
const errorsOf = new Map<string, number>()
const otherErrors: string[] = []
const warnings: string[] = []
let closed = 0
process.on('warning', ({ message }) => warnings.push(message))

function see(event: ServerEvent): void {
  if (event.type === 'connection-opened') opened++
  if (event.type === 'connection-closed') closed++
  if (!('error' in event) || event.error === undefined) return
  if ('connection' in event) errorsOf.set(event.connection.id, (errorsOf.get(event.connection.id) ?? 0) + 1)
  else otherErrors.push(String(event.error))
}

function isSocket(descriptor: string): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`).startsWith('socket:')
  } catch {
    // It was that of the listing itself.
    return false
  }
}

function descriptors(): number {
  try {
    return readdirSync('/proc/self/fd').filter(isSocket).length
  } catch {
    return process.getActiveResourcesInfo().length
  }
}

process.on('message', () => {
  const counts = [...errorsOf.values()]
  const reportedTwice = counts.filter((count) => count > 1).length
  const errors = { failed: counts.length, reportedTwice, otherErrors, cutFrames, warnings }
  const seen: Seen = { opened, closed, ...errors, descriptors: descriptors() }
  process.send?.(seen)
})
for (const server of servers) {
  server.events$.subscribe(see)
  await server.listen({ port: 0 })
}
process.send?.(servers.map(({ address }) => address?.port))
