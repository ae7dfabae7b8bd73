import cluster from 'node:cluster'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { InvalidOptionError, type ServerEvent } from '@millrace/core'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { chooseDriver } from '../src/drivers/choose-driver.ts'
import { connectUdp } from '../src/client/udp-client.ts'
import { createUdpServer } from '../src/server/udp-server.ts'
import { hasNative } from './udp-drivers.ts'

const worker = cluster as { isWorker: boolean }
afterEach(() => {
  vi.unstubAllEnvs()
  worker.isWorker = false
})

const use = (value: string | undefined): void => void vi.stubEnv('MILLRACE_DRIVER', value)

/** What a server and a client say of their drivers. */
async function told(): Promise<unknown[]> {
  const events: unknown[] = []
  const onClient = (message: unknown): void => void events.push(message)
  const server = createUdpServer()
  server.events$.subscribe((event: ServerEvent) => void (event.type === 'driver-chosen' && events.push(event)))
  await server.listen({ port: 0 })
  subscribe('millrace:driver-chosen', onClient)
  const client = await connectUdp({ port: server.address?.port ?? 0 })
  unsubscribe('millrace:driver-chosen', onClient)
  client.abort()
  server.abort()
  await server.closed
  return events
}

describe('chooseDriver', () => {
  test('takes the node driver where MILLRACE_DRIVER says so, and says that', async () => {
    use('node')
    expect(await chooseDriver(false)).toMatchObject({ driver: { name: 'node' }, reason: 'MILLRACE_DRIVER is node' })
    const event = { type: 'driver-chosen', transport: 'udp', driver: 'node', reason: 'MILLRACE_DRIVER is node' }
    expect(await told()).toEqual([event, event])
  })

  test('keeps to public interfaces where MILLRACE_DRIVER says so', async () => {
    use('public')
    const { driver, reason } = await chooseDriver(false)
    expect({ name: driver.name, reason }).toEqual({ name: 'node', reason: 'MILLRACE_DRIVER is public' })
    await driver.bind({ type: 'udp4', address: '127.0.0.1', port: 0 }, { onBatch() {}, onError() {} } as never)
    expect(driver.tellsFailures).toBe(false)
    await driver.close()
  })

  test.each(['', undefined])('leaves the choice open where MILLRACE_DRIVER is %j', async (value) => {
    use(value)
    await expect(chooseDriver(false)).resolves.toBeDefined()
  })

  test('refuses another value', async () => {
    use('netmap')
    await expect(chooseDriver(false)).rejects.toThrow(InvalidOptionError)
    await expect(createUdpServer().listen()).rejects.toThrow('MILLRACE_DRIVER')
  })

  test.runIf(!hasNative)('without a binary, takes the node driver and says why', async () => {
    use(undefined)
    expect(await chooseDriver(false)).toMatchObject({ driver: { name: 'node' }, reason: expect.any(String) })
  })

  describe.runIf(hasNative)('where the native driver has its binary', () => {
    test('takes it', async () => {
      use(undefined)
      expect((await chooseDriver(false)).driver.name).toBe('native')
      const event = { type: 'driver-chosen', transport: 'udp', driver: 'native' }
      expect(await told()).toEqual([event, event])
    })

    test('leaves a socket that a cluster shares to Node', async () => {
      use(undefined)
      worker.isWorker = true
      expect(await chooseDriver(true)).toMatchObject({ driver: { name: 'node' }, reason: expect.stringContaining('cluster') })
      expect((await chooseDriver(false)).driver.name).toBe('native')
    })
  })
})
