import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import { createTcpServer, createUdpServer, echo, ipFilter, pipeline } from 'millrace'
import { describe, expect, test } from 'vitest'

describe('ipFilter', () => {
  test('closes a TCP connection without a word and counts it', async () => {
    const server = await createTcpServer(pipeline(ipFilter({ deny: '127.0.0.0/8' }), echo())).listen({ port: 0 })
    const socket = connect({ host: '127.0.0.1', port: server.address?.port ?? 0 })
    socket.resume().on('error', () => {})
    await once(socket, 'close')
    expect([socket.bytesRead, server.counters.refusedFor]).toEqual([0, expect.objectContaining({ plugin: 1 })])
    await server.close()
  })

  test('is asked for each UDP session', async () => {
    const server = await createUdpServer(pipeline(ipFilter({ deny: '127.0.0.1' }), echo())).listen({ port: 0 })
    const socket = createSocket('udp4')
    const refused = new Promise((resolve) => {
      server.events$.subscribe((event) => event.type === 'connection-refused' && resolve(event))
    })
    socket.send('a', server.address?.port, '127.0.0.1')
    expect(await refused).toMatchObject({ reason: 'plugin', transport: 'udp' })
    socket.close()
    await server.close()
  })
})
