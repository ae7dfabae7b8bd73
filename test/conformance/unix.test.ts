import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeConnection, type PairLimits } from '@millrace/core/testing'
import { connectTcp, createTcpServer } from '@millrace/tcp'
import { describe, test } from 'vitest'
import { accepted, type Ends, SIDES } from './server-pair.ts'

async function unixEnds(limits: Partial<PairLimits>): Promise<Ends> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-'))
  const path = join(directory, 'socket')
  const server = await createTcpServer(undefined, limits).listen({ path })
  const [client, connection] = await Promise.all([connectTcp({ ...limits, path }), accepted(server)])
  const dispose = async (): Promise<void> => {
    await server.close()
    rmSync(directory, { recursive: true })
  }
  return { client, server: connection, dispose }
}

const options = { describe, test, resets: false }

for (const [side, toPair] of SIDES) {
  describeConnection(`a Unix socket, the ${side}`, async (limits) => toPair(await unixEnds(limits)), options)
}
