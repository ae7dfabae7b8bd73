import { describeConnection, type PairLimits } from '@millrace/core/testing'
import { connectUdp, createUdpServer } from '@millrace/udp'
import { describe, test } from 'vitest'
import { describeOnDrivers } from '../support/udp-drivers.ts'
import { accepted, type Ends, SIDES } from './server-pair.ts'

async function udpEnds(limits: Partial<PairLimits>): Promise<Ends> {
  const server = await createUdpServer(undefined, limits).listen({ host: '127.0.0.1', port: 0 })
  const { port = 0 } = server.address ?? {}
  const client = await connectUdp({ ...limits, host: '127.0.0.1', port })
  // A session begins with its first datagram, which must not wait unread when the check begins.
  client.write(Uint8Array.of())
  const session = await accepted(server)
  for await (const _ of session) break
  // What a check writes to the client has nothing to do with what the client has sent.
  session.prove()
  return { client, server: session, dispose: () => server.close() }
}

describeOnDrivers('UDP', () => {
  for (const [side, toPair] of SIDES) {
    describeConnection(`the ${side}`, async (limits) => toPair(await udpEnds(limits)), {
      describe,
      test,
      datagram: true,
      maxDatagramSize: 65_507,
    })
  }
})
