import { getEventListeners } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import {
  type Connection,
  ConnectionAbortedError,
  handle,
  pipeline,
  type Server,
  type ServerEvent,
} from '@millrace/core'
import { collect } from '@millrace/core/testing'
import { echo } from '@millrace/plugins'
import { connectTcp, createTcpServer } from '@millrace/tcp'
import { connectUdp, createUdpServer } from '@millrace/udp'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { expectQuietProcess } from './support/failures.ts'
import { streams } from './support/transports.ts'

type AnyServer = Server<Connection, object>
const reasons = [new Error('enough'), 'enough', { enough: true }]
const unread = new Uint8Array(16 * 1024 * 1024)

const servers: AnyServer[] = []
const kept = (server: unknown): AnyServer => {
  servers.push(server as AnyServer)
  return server as AnyServer
}
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.abort()
    await server.closed
  }
})

/** Aborts while it waits: it rejects with the reason itself, within the turn, and keeps no listener. */
async function expectAborted(wait: (signal: AbortSignal) => Promise<unknown>, reason: unknown): Promise<void> {
  const controller = new AbortController()
  const outcome: unknown[] = []
  const waiting = wait(controller.signal).then(
    (value) => outcome.push('resolved', value),
    (error: unknown) => outcome.push('rejected', error),
  )
  controller.abort(reason)
  await turn()
  expect(outcome[0]).toBe('rejected')
  expect(outcome[1]).toBe(reason)
  expect(getEventListeners(controller.signal, 'abort')).toEqual([])
  await waiting
}

/** The same for one that was aborted before it was asked. */
async function expectRefused(wait: (signal: AbortSignal) => Promise<unknown>, reason: unknown): Promise<void> {
  const signal = AbortSignal.abort(reason)
  const error: unknown = await wait(signal).then(
    () => 'resolved',
    (thrown: unknown) => thrown,
  )
  expect(error).toBe(reason)
  expect(getEventListeners(signal, 'abort')).toEqual([])
}

/** What keeps the process alive now and did not then. */
const added = (before: readonly string[]): string[] => {
  const rest = [...before]
  return process.getActiveResourcesInfo().filter((resource) => {
    const index = rest.indexOf(resource)
    if (index !== -1) rest.splice(index, 1)
    return index === -1
  })
}
const expectNothingAdded = (before: readonly string[]): Promise<void> =>
  vi.waitFor(() => expect(added(before)).toEqual([]))

describe.each([
  ['aborts while it waits', expectAborted],
  ['was aborted before', expectRefused],
])('an AbortSignal that %s', (_when, expectEnd) => {
  expectQuietProcess()

  test.each([
    ['TCP', () => createTcpServer(pipeline(echo()))],
    ['UDP', () => createUdpServer(pipeline(echo()))],
  ])('settles listen over %s, which then listens nowhere', async (_transport, create) => {
    const before = process.getActiveResourcesInfo()
    const server = kept(create())
    const events: ServerEvent[] = []
    server.events$.subscribe((event) => events.push(event))
    for (const reason of reasons) {
      await expectEnd((signal) => server.listen({ port: 0, signal }), reason)
      expect(server).toMatchObject({ status: 'new', address: undefined })
      await expectNothingAdded(before)
      expect(events).toEqual([])
    }
    await server.listen({ port: 0 })
    expect(server.status).toBe('listening')
  })

  test.each([
    ['connectTcp', () => createTcpServer(pipeline(echo())), connectTcp],
    ['connectUdp', () => createUdpServer(pipeline(echo())), connectUdp as typeof connectTcp],
  ])('settles %s, which then holds nothing', async (_name, create, connect) => {
    const server = await kept(create()).listen({ port: 0 })
    const { port = 0 } = server.address ?? {}
    const before = process.getActiveResourcesInfo()
    // A name that is never resolved holds up nobody.
    const unresolved = { host: 'name.invalid', lookup: () => {} }
    for (const reason of reasons) {
      await expectEnd((signal) => connect({ port, signal }), reason)
      await expectEnd((signal) => connect({ ...unresolved, port, signal }), reason)
      await expectNothingAdded(before)
    }
  })

  for (const transport of streams) {
    test(`settles drain, closeWrite and close where the peer does not read, over ${transport.name}`, async () => {
      const running = await transport.start()
      servers.push(running.server as AnyServer)
      const client = await running.connect()
      client.write(unread)
      for (const reason of reasons) await expectEnd((signal) => client.drain({ signal }), reason)
      for (const reason of reasons) await expectEnd((signal) => client.closeWrite({ signal }), reason)
      expect(client.status).toBe('half-closed-local')
      for (const reason of reasons) await expectEnd((signal) => client.close({ signal }), reason)
      expect(client.status).toBe('closing')
      client.abort()
      await client.closed
    })

    test(`settles close of a server with work in hand, over ${transport.name}, which goes on draining`, async () => {
      let finish!: () => void
      const work = new Promise<void>((resolve) => (finish = resolve))
      const running = await transport.start(pipeline(handle(() => work)))
      servers.push(running.server as AnyServer)
      const opened = new Promise((resolve) => running.server.connections$.subscribe(resolve))
      const client = await running.connect()
      const ended = collect(client)
      await opened
      for (const reason of reasons) await expectEnd((signal) => running.server.close({ signal }), reason)
      expect(running.server.connections.size).toBe(1)
      finish()
      expect(await ended).toEqual([])
      await client.close()
      expect(await running.server.closed).toEqual({ cutOff: 0 })
    })
  }
})

test.each([new Error('enough'), undefined])('abort of a server ends all with its reason: %s', async (reason) => {
  const server = kept(createTcpServer(pipeline(handle(() => new Promise<void>(() => {})))))
  await server.listen({ port: 0 })
  const failed: unknown[] = []
  server.events$.subscribe((event) => void (event.type === 'connection-closed' && failed.push(event.error)))
  const opened = new Promise((resolve) => server.connections$.subscribe(resolve))
  const client = await connectTcp({ port: server.address?.port ?? 0 })
  await opened
  server.abort(reason)
  expect(await server.closed).toEqual({ cutOff: 1 })
  expect(failed).toHaveLength(1)
  if (reason) expect(failed[0]).toBe(reason)
  else expect(failed[0]).toBeInstanceOf(ConnectionAbortedError)
  client.abort()
})
