import { CLOCK, createContainer, definePlugin, pipeline } from '@millrace/core'
import { VirtualClock } from '@millrace/core/testing'
import { echo } from '@millrace/plugins'
import { connectTcp, createTcpServer } from '@millrace/tcp'
import { connectUdp, createUdpServer } from '@millrace/udp'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Child } from './support/child.ts'
import type { Left } from './support/whole-life.ts'

describe('after close', () => {
  let child: Child | undefined
  afterEach(() => child?.kill())

  test('nothing keeps the process alive, whatever was served, used, failed and closed', async () => {
    child = new Child(new URL('support/whole-life.ts', import.meta.url))
    const left = await child.next<Left>()
    expect(left).toEqual({ resources: [], listeners: {}, exchanges: 19 })
    expect(await child.exited()).toBe(0)
  })

  /** Sets a timer of its own, longer than anything lives. */
  const sleeper = definePlugin({
    name: 'sleeper',
    open: ({ clock }) => {
      clock.schedule(() => {}, 3_600_000)
      return {}
    },
  })

  test.each([
    ['TCP', createTcpServer, connectTcp],
    ['UDP', createUdpServer as unknown as typeof createTcpServer, connectUdp as typeof connectTcp],
  ])("no timer is left over %s, ours or a plugin's, that ends in order", async (_transport, create, connect) => {
    const clock = new VirtualClock()
    const container = createContainer()
    container.register(CLOCK, { useValue: clock })
    const server = await create(pipeline(sleeper(), echo()), { container }).listen({ port: 0 })
    const client = await connect({ port: server.address?.port ?? 0, container })
    client.write(Buffer.from('word'))
    for await (const _ of client) break
    expect(clock.pending).toBeGreaterThan(0)
    await client.close()
    const closed = server.close()
    await vi.waitFor(() => {
      clock.advance(50)
      expect(server.status).toBe('closed')
    }, { interval: 1 })
    await closed
    expect(clock.pending).toBe(0)
  })

  test('no timer is left where it is cut off', async () => {
    const clock = new VirtualClock()
    const container = createContainer()
    container.register(CLOCK, { useValue: clock })
    const server = await createTcpServer(pipeline(sleeper(), echo()), { container }).listen({ port: 0 })
    const clients = await Promise.all([1, 2, 3].map(() => connectTcp({ port: server.address?.port ?? 0, container })))
    await vi.waitFor(() => expect(server.connections.size).toBe(3))
    server.abort()
    await server.closed
    for (const client of clients) {
      client.abort()
      await client.closed
    }
    expect(clock.pending).toBe(0)
  })
})
