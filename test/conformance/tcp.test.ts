import { describeConnection, type PairLimits } from '@millrace/core/testing'
import { connectTcp, createTcpServer } from '@millrace/tcp'
import { describe, test } from 'vitest'
import { describeOnTcpDrivers } from '../support/tcp-drivers.ts'
import { accepted, type Ends, SIDES } from './server-pair.ts'

async function tcpEnds(limits: Partial<PairLimits>): Promise<Ends> {
  const server = await createTcpServer(undefined, limits).listen({ host: '127.0.0.1', port: 0 })
  const { port = 0 } = server.address ?? {}
  const [client, connection] = await Promise.all([connectTcp({ ...limits, host: '127.0.0.1', port }), accepted(server)])
  return { client, server: connection, dispose: () => server.close() }
}

describeOnTcpDrivers('TCP', () => {
  for (const [side, toPair] of SIDES) {
    describeConnection(`the ${side}`, async (limits) => toPair(await tcpEnds(limits)), { describe, test })
  }
})
