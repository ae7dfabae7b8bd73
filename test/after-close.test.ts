import { pipeline } from '@millrace/core'
import { echo } from '@millrace/plugins'
import { connectTcp, createTcpServer } from '@millrace/tcp'
import { connectUdp, createUdpServer } from '@millrace/udp'
import { expect, test } from 'vitest'

const handles = (): string[] => process.getActiveResourcesInfo().filter((name) => /TCP|UDP|Pipe/.test(name))
const before = handles()

test('a TCP server and its client leave no handle when their closing has resolved', async () => {
  const server = await createTcpServer(pipeline(echo())).listen({ port: 0 })
  const client = await connectTcp({ port: server.address?.port })
  client.write(Buffer.from('x'))
  for await (const _ of client) break
  await client.close()
  await server.close()
  expect(handles()).toEqual(before)
})

test('a UDP server and its client leave no handle when their closing has resolved', async () => {
  const server = await createUdpServer(pipeline(echo())).listen({ port: 0 })
  const client = await connectUdp({ port: server.address?.port ?? 0 })
  client.write(Buffer.from('x'))
  for await (const _ of client) break
  await client.close()
  await server.close()
  expect(handles()).toEqual(before)
})
