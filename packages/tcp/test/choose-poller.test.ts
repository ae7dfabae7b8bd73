import cluster from 'node:cluster'
import { InvalidOptionError, type ServerEvent } from '@millrace/core'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { choosePoller } from '../src/server/choose-poller.ts'
import { createTcpServer } from '../src/server/tcp-server.ts'
import { socketPath } from './loopback.ts'
import { poller } from './native.ts'
import { expectNothingLeft, kept } from './support.ts'

expectNothingLeft()

const worker = cluster as { isWorker: boolean }
afterEach(() => {
  vi.unstubAllEnvs()
  worker.isWorker = false
})

const plain = { secure: false, unix: false, shared: true }

/** What a server says of its driver. */
async function told(options: object): Promise<unknown[]> {
  const events: unknown[] = []
  const server = kept(createTcpServer())
  server.events$.subscribe((event: ServerEvent) => void (event.type === 'driver-chosen' && events.push(event)))
  await server.listen(options)
  return events
}

test.each(['node', 'public'])('MILLRACE_DRIVER=%s refuses the native driver, and the server says so', async (wanted) => {
  vi.stubEnv('MILLRACE_DRIVER', wanted)
  const reason = `MILLRACE_DRIVER is ${wanted}`
  expect(await choosePoller(plain)).toEqual({ reason })
  expect(await told({ port: 0 })).toEqual([{ type: 'driver-chosen', transport: 'tcp', driver: 'node', reason }])
})

test('another value of it is refused', async () => {
  vi.stubEnv('MILLRACE_DRIVER', 'netmap')
  await expect(choosePoller(plain)).rejects.toThrow(InvalidOptionError)
})

test('a Unix socket and TLS are served by Node\'s own', async () => {
  vi.stubEnv('MILLRACE_DRIVER', '')
  expect(await choosePoller({ ...plain, secure: true })).toEqual({ reason: expect.stringContaining('TLS') })
  const event = { type: 'driver-chosen', transport: 'unix', driver: 'node', reason: expect.stringContaining('Unix') }
  expect(await told({ path: socketPath() })).toEqual([event])
})

test.runIf(!poller)('without a binary, the node driver serves, and the server says why', async () => {
  vi.stubEnv('MILLRACE_DRIVER', '')
  expect(await choosePoller(plain)).toEqual({ reason: expect.any(String) })
})

describe.runIf(poller)('where the native driver has its binary', () => {
  test('it is taken', async () => {
    vi.stubEnv('MILLRACE_DRIVER', '')
    expect(await choosePoller(plain)).toEqual({ poller })
    expect(await told({ port: 0 })).toEqual([{ type: 'driver-chosen', transport: 'tcp', driver: 'native' }])
  })

  test('a port that a cluster shares is left to Node', async () => {
    vi.stubEnv('MILLRACE_DRIVER', '')
    worker.isWorker = true
    expect(await choosePoller(plain)).toEqual({ reason: expect.stringContaining('cluster') })
    expect(await choosePoller({ ...plain, shared: false })).toEqual({ poller })
  })
})
