import { describeConnection, type PairLimits } from '@millrace/core/testing'
import { connectTcp, createTcpServer } from '@millrace/tcp'
import { describe, test } from 'vitest'
import { authority, server as credentials } from '../support/certificates.ts'
import { accepted, type Ends, SIDES } from './server-pair.ts'

async function tlsEnds(limits: Partial<PairLimits>, version: 'TLSv1.2' | 'TLSv1.3'): Promise<Ends> {
  const tls = { ...credentials, minVersion: version, maxVersion: version }
  const server = await createTcpServer(undefined, { ...limits, tls }).listen({ port: 0 })
  const { port = 0 } = server.address ?? {}
  const connecting = connectTcp({ ...limits, port, tls: { ca: authority } })
  const [client, connection] = await Promise.all([connecting, accepted(server)])
  return { client, server: connection, dispose: () => server.close() }
}

for (const version of ['TLSv1.3', 'TLSv1.2'] as const) {
  for (const [side, toPair] of SIDES) {
    const name = `${version}, the ${side}`
    describeConnection(name, async (limits) => toPair(await tlsEnds(limits, version)), { describe, test })
  }
}
