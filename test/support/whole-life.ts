// The whole life of everything: every transport, every face, served, used, failed and closed. The process must then
// end by itself; what is left of it is told first.
import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { pipeline, respond } from '@millrace/core'
import { collect, joined } from '@millrace/core/testing'
import { echo, logging, uppercaser } from '@millrace/plugins'
import { connectTcp } from '@millrace/tcp'
import { connectUdp } from '@millrace/udp'
import { serve } from 'millrace'
import { authority, server as credentials } from './certificates.ts'
import { type Face, faces } from './faces.ts'
import { type TestTransport, transports } from './transports.ts'
import { awaiting, failing } from './unkind-plugins.ts'

/** What is left when all is closed. */
export interface Left {
  readonly resources: readonly string[]
  readonly listeners: Readonly<Record<string, number>>
  readonly exchanges: number
}

const word = Buffer.from('word')
let exchanges = 0

const listeners = (): Record<string, number> =>
  Object.fromEntries(process.eventNames().map((name) => [String(name), process.listenerCount(name)]))

async function live(face: Face, transport: TestTransport): Promise<void> {
  const running = await face.start(transport, [uppercaser(), awaiting(), failing()])
  const client = await running.connect()
  client.write(word)
  for await (const _ of client) break
  exchanges++
  // The second connection fails in a plugin, the third is closed by the server.
  const failed = await running.connect()
  failed.write(Buffer.alloc(200))
  const idle = await running.connect()
  const ended = transport.datagram ? undefined : collect(idle)
  await client.close()
  await running.server.close()
  await ended
  await idle.close()
  failed.abort()
  await failed.closed
}

async function servedTogether(): Promise<void> {
  const path = join(tmpdir(), `millrace-${randomUUID()}.sock`)
  const listeners = { tcp: { port: 0 }, tls: { port: 0, ...credentials }, udp: { port: 0 }, unix: { path } }
  const serving = await serve(pipeline(logging({ level: 'debug' }), echo()), listeners)
  const tcp = await connectTcp({ port: serving.addresses.tcp?.port ?? 0 })
  tcp.write(word)
  await tcp.closeWrite()
  const first = joined(await collect(tcp))
  const tls = await connectTcp({ port: serving.addresses.tls?.port ?? 0, tls: { ca: authority } })
  tls.write(word)
  await tls.closeWrite()
  const third = joined(await collect(tls))
  const messages = await connectTcp({ path }, pipeline(uppercaser()))
  messages.write(word)
  await messages.closeWrite()
  const second = joined(await collect(messages))
  const udp = await connectUdp({ port: serving.addresses.udp?.port ?? 0 })
  udp.write(word)
  for await (const _ of udp) break
  exchanges += (first.byteLength + second.byteLength + third.byteLength) / word.byteLength + 1
  await udp.close()
  await serving.close()
}

// The timers of a connection in memory keep no process alive, and it has no handle.
const alive = setInterval(() => {}, 60_000)
const before = listeners()
await Promise.all([...transports.flatMap((transport) => faces.map((face) => live(face, transport))), servedTogether()])
await serve(pipeline(respond(() => word)), { udp: { port: 0, stateless: true } }).then((serving) => serving.close())
clearInterval(alive)
// Node tells that a UDP socket is closed two turns before its handle is.
for (let i = 0; i < 2; i++) await turn()

const after = listeners()
const added = Object.entries(after).filter(([name, count]) => count > (before[name] ?? 0))
// What is there now is what the process had from its start: the channel to its parent.
const resources = process.getActiveResourcesInfo().filter((name) => name !== 'PipeWrap')
const left: Left = { resources, listeners: Object.fromEntries(added), exchanges }
process.send?.(left, () => process.disconnect())
