import { setTimeout as delay } from 'node:timers/promises'
import { definePlugin, type SocketAddress } from '@millrace/core'
import { chunker } from '@millrace/plugins'
import { afterEach, describe, expect, test } from 'vitest'
import { digestOf, seededBytes } from './support/bytes.ts'
import { type BytePlugin, type Face, faces } from './support/faces.ts'
import { endpointOf, slowClients } from './support/slow-clients.ts'
import { describeOnTcpDrivers } from './support/tcp-drivers.ts'
import { type Running, streams, type TestTransport } from './support/transports.ts'

const SIZES = [1, 64 * 1024 + 1, 1024 * 1024, 8 * 1024 * 1024]
const input = seededBytes(SIZES.at(-1) as number)
const expected = new Map(SIZES.map((size) => [size, digestOf(input.subarray(0, size))]))

/** By the real clock: a face has no other, and FIN has long come when it first reads. */
const late = definePlugin({
  name: 'late',
  open: () => ({
    inbound: async function* (source: AsyncIterable<Uint8Array>) {
      await delay(200)
      yield* source
    },
  }),
})

const stages: readonly (readonly [name: string, plugins: () => BytePlugin[]])[] = [
  ['a synchronous stage', () => [chunker({ size: 1000 })]],
  ['an asynchronous stage that waits 200 ms before its first read', () => [late()]],
]

describe('a client that sends, half-closes and then reads slowly gets every byte back', () => {
  let running: Running | undefined
  let errors: Error[] = []
  afterEach(async () => {
    running?.server.abort()
    await running?.server.closed
    expect(errors).toEqual([])
    errors = []
  })
  const start = async (face: Face, transport: TestTransport, plugins: BytePlugin[]): Promise<SocketAddress> => {
    running = await face.start(transport, plugins)
    running.server.events$.subscribe((event) => {
      if ('error' in event && event.error) errors.push(event.error)
    })
    return running.server.address as SocketAddress
  }

  const answersOver = (transport: TestTransport): void => {
    for (const face of faces) {
      for (const [stage, plugins] of stages) {
        test(`${face.name} over ${transport.name}, with ${stage}`, async () => {
          const endpoint = endpointOf(await start(face, transport, plugins()), transport.name)
          for (const client of slowClients) {
            const exchanges = SIZES.map((size) => client.exchange(endpoint, input.subarray(0, size)))
            const got = await Promise.all(exchanges)
            expect(got, client.name).toEqual(SIZES.map((size) => expected.get(size)))
          }
          expect(running?.server.counters).toMatchObject({ accepted: SIZES.length * slowClients.length, failed: 0 })
        })
      }
    }
  }

  for (const transport of streams) {
    if (transport.name === 'tcp') describeOnTcpDrivers('over TCP', () => answersOver(transport))
    else if (transport.name !== 'memory') answersOver(transport)
  }
})
