import { type ConformanceOptions, describeConnection, type PairLimits, type TestedPair } from '@millrace/core/testing'
import { describe, test } from 'vitest'
import { MAX_DATAGRAM_BYTES } from '../src/datagram.ts'
import { connectUdp } from '../src/udp-client.ts'
import { createUdpServer } from '../src/udp-server.ts'
import type { UdpSession } from '../src/udp-session.ts'

const options: ConformanceOptions = { describe, test, datagram: true, maxDatagramSize: MAX_DATAGRAM_BYTES }

interface Sessions {
  readonly client: UdpSession
  readonly server: UdpSession
  readonly dispose: () => Promise<void>
}

async function sessions(limits: Partial<PairLimits>): Promise<Sessions> {
  const server = await createUdpServer(undefined, { ...limits, sessionIdleTimeout: 0 }).listen()
  const client = await connectUdp({ ...limits, port: server.address?.port ?? 0, idleTimeout: 0 })
  client.write(Uint8Array.of(0))
  for await (const session of server) {
    for await (const _ of session) break
    session.prove()
    return { client, server: session, dispose: () => server.close() }
  }
  throw new Error('the server ended')
}

describeConnection(
  'a UDP client',
  async (limits): Promise<TestedPair> => {
    const { client, server, dispose } = await sessions(limits)
    return { local: client, remote: server, dispose }
  },
  options,
)

describeConnection(
  'a UDP session of a server',
  async (limits): Promise<TestedPair> => {
    const { client, server, dispose } = await sessions(limits)
    return { local: server, remote: client, dispose }
  },
  options,
)
