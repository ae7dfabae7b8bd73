import { expect, test } from 'vitest'
import { CorruptFrameError, definePlugin, type Emit, pipeline } from '../src/index.ts'
import { connectionPair, embed } from '../src/testing/index.ts'

/** Gives each datagram at its end; an odd first byte makes that end a bad one. */
const atEnd = definePlugin({
  name: 'at-end',
  open: () => {
    let held: Uint8Array[] = []
    const forget = (): void => {
      held = []
    }
    const endOfDatagram = (emit: Emit<Uint8Array>): void => {
      if ((held[0]?.[0] ?? 0) % 2 === 1) throw new CorruptFrameError('odd')
      for (const chunk of held) emit(chunk)
      forget()
    }
    return { inbound: { push: (chunk: Uint8Array) => void held.push(chunk), endOfDatagram, reset: forget } }
  },
})

const asynchronous = definePlugin({
  name: 'asynchronous',
  open: () => ({
    inbound: async function * (source: AsyncIterable<Uint8Array>) {
      yield * source
    },
  }),
})

const DATAGRAMS = [1, 2, 3, 4].map((byte) => Uint8Array.of(byte))
const GOOD = [Uint8Array.of(2), Uint8Array.of(4)]

test.each([
  ['a stage', pipeline(atEnd())],
  ['a stage after an asynchronous one', pipeline(asynchronous(), atEnd())],
])('a bad end of a datagram found by %s costs that datagram alone', async (_, subject) => {
  const embedded = embed(subject, { datagram: true })
  embedded.writeInbound(...DATAGRAMS)
  await embedded.settled()
  expect(embedded.inbound).toEqual(GOOD)
  expect(embedded.events.filter(({ type }) => type === 'frame-dropped')).toHaveLength(2)
})

test('a bad end of a datagram found by a transform costs that datagram alone', async () => {
  const [client, server] = connectionPair({ datagram: true })
  for (const datagram of DATAGRAMS) client.write(datagram)
  const good: Uint8Array[] = []
  for await (const item of atEnd().transform(server.source)) {
    good.push(item)
    if (good.length === GOOD.length) break
  }
  expect(good).toEqual(GOOD)
  await Promise.all([client.close(), server.close()])
})
