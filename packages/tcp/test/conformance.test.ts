import type { Connection } from '@millrace/core'
import { describeConnection, type PairLimits } from '@millrace/core/testing'
import { describe, test } from 'vitest'
import { connectTcp, createTcpServer } from '../src/index.ts'
import { socketPath } from './loopback.ts'
import { expectNothingLeft } from './support.ts'

expectNothingLeft()

/** Both ends of one connection, through a server and a client of ours. */
async function bothEnds(kind: 'tcp' | 'unix', limits: Partial<PairLimits>) {
  const options = { ...limits, idleTimeout: 0, writeTimeout: 0 }
  const server = createTcpServer(undefined, options)
  await server.listen(kind === 'tcp' ? {} : { path: socketPath() })
  const { address = '', port = 0 } = server.address ?? {}
  const accepted = server[Symbol.asyncIterator]().next()
  const client = await connectTcp({ ...(kind === 'tcp' ? { port } : { path: address }), ...options })
  return { served: (await accepted).value as Connection, client, dispose: () => server.close() }
}

for (const kind of ['tcp', 'unix'] as const) {
  // A Unix socket knows no reset: the peer of one that is aborted sees a clean end.
  const options = { describe, test, resets: kind === 'tcp' }

  describeConnection(`the server's end of a ${kind} connection`, async (limits) => {
    const { served, client, dispose } = await bothEnds(kind, limits)
    return { local: served, remote: client, dispose }
  }, options)

  describeConnection(`the client's end of a ${kind} connection`, async (limits) => {
    const { served, client, dispose } = await bothEnds(kind, limits)
    return { local: client, remote: served, dispose }
  }, options)
}
