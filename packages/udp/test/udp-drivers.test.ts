import { ConnectionClosedError } from '@millrace/core'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { BindOptions } from '../src/socket-options.ts'
import { CONNECTED } from '../src/drivers/udp-driver.ts'
import { plainSocket, received, settled } from './support.ts'
import { bindDriver, closeDrivers, DRIVERS } from './udp-drivers.ts'

afterEach(closeDrivers)

describe.each(DRIVERS)('UdpDriver: %s', (_name, isHere, create) => {
  describe.runIf(isHere)('on a socket', () => {
    const bind = (options?: Partial<BindOptions>) => bindDriver(create(), options)

    test.each([0, 1, 65_507])('carries a datagram of %i bytes', async (size) => {
      const a = await bind()
      const b = await bind()
      a.driver.send(new Uint8Array(size).fill(7), b.local)
      await vi.waitFor(() => expect(b.datagrams).toHaveLength(1))
      expect(b.datagrams[0]?.from).toBe(`127.0.0.1:${a.local.port}`)
      expect(b.datagrams[0]?.data.equals(Buffer.alloc(size, 7))).toBe(true)
    })

    test('carries 65,527 bytes over IPv6', async () => {
      const a = await bind({ type: 'udp6', address: '::1' })
      const b = await bind({ type: 'udp6', address: '::1' })
      a.driver.send(new Uint8Array(65_527).fill(7), b.local)
      await vi.waitFor(() => expect(b.datagrams[0]?.data.equals(Buffer.alloc(65_527, 7))).toBe(true))
      expect(b.datagrams[0]?.from).toBe(`::1:${a.local.port}`)
    })

    test('tells an IPv4 peer of an IPv6 socket from others, and answers it', async () => {
      const both = await bind({ type: 'udp6', address: '::' })
      const peer = await plainSocket()
      peer.send('question', both.local.port, '127.0.0.1')
      await vi.waitFor(() => expect(both.datagrams).toHaveLength(1))
      const address = `::ffff:127.0.0.1`
      expect(both.datagrams[0]?.from).toBe(`${address}:${peer.address().port}`)
      both.driver.send(Buffer.from('answer'), both.driver.keep({ address, port: peer.address().port }))
      expect(String(await received(peer))).toBe('answer')
      peer.close()
    })

    test('knows a peer by its number from when it is kept until it is forgotten', async () => {
      const { driver, local, datagrams } = await bind()
      const peer = await plainSocket()
      const send = async (count: number): Promise<void> => {
        peer.send('x', local.port, local.address)
        await vi.waitFor(() => expect(datagrams).toHaveLength(count))
      }
      await send(1)
      const number = driver.keep({ address: '127.0.0.1', port: peer.address().port })
      expect(driver.keep({ address: '127.0.0.1', port: peer.address().port })).toBe(number)
      await send(2)
      driver.forget(number)
      await settled()
      await send(3)
      driver.forget(number)
      await settled()
      await send(4)
      expect(datagrams.map((datagram) => datagram.peer)).toEqual([0, number, number, 0])
      peer.close()
    })

    test('sends what was sent to a peer before it was forgotten', async () => {
      const { driver } = await bind()
      const peer = await plainSocket()
      const number = driver.keep({ address: '127.0.0.1', port: peer.address().port })
      driver.send(Buffer.from('last words'), number)
      driver.forget(number)
      expect(String(await received(peer))).toBe('last words')
      peer.close()
    })

    test('keeps the datagrams of one turn whole and in order', async () => {
      const a = await bind()
      const b = await bind({ recvBufferSize: 4 << 20 })
      const number = a.driver.keep(b.local)
      const sizes = Array.from({ length: 200 }, (_, i) => [1_200, 1_200, 1_200, 700, 1, 0, 1_300, 64][i % 8] as number)
      const payload = (size: number, i: number): Buffer => Buffer.alloc(size, 1 + (i % 250))
      for (const [i, size] of sizes.entries()) a.driver.send(payload(size, i), number)
      await vi.waitFor(() => expect(b.datagrams).toHaveLength(sizes.length))
      for (const [i, size] of sizes.entries()) expect(b.datagrams[i]?.data.equals(payload(size, i)), `${i}`).toBe(true)
      expect(a.failures).toEqual([])
      expect(a.driver.queuedBytes).toBe(0)
    })

    test('sends on flush what this turn has collected', async () => {
      const { driver } = await bind()
      const peer = await plainSocket()
      const next = received(peer)
      driver.send(Buffer.from('now'), { address: '127.0.0.1', port: peer.address().port })
      driver.flush()
      await driver.close()
      expect(String(await next)).toBe('now')
      peer.close()
    })

    test('tells EMSGSIZE, to whom it concerns', async () => {
      const { driver, local, errors, failures } = await bind()
      const outcomes: (Error | null)[] = []
      const { tellsFailures } = driver
      const ask = (size: number): void => {
        driver.send(new Uint8Array(size), local, tellsFailures ? undefined : (error) => outcomes.push(error))
      }
      ask(65_508)
      ask(1)
      if (tellsFailures) {
        await vi.waitFor(() => expect(failures).toHaveLength(1))
        expect(failures[0]).toMatchObject({ to: `127.0.0.1:${local.port}`, bytes: 65_508, error: { code: 'EMSGSIZE' } })
      } else {
        await vi.waitFor(() => expect(outcomes).toHaveLength(2))
        expect(outcomes).toMatchObject([{ code: 'EMSGSIZE' }, null])
      }
      expect(errors).toEqual([])
    })

    test('fails to bind with the system’s error, and leaves nothing open', async () => {
      const { local } = await bind()
      const driver = create()
      await expect(bindDriver(driver, { port: local.port })).rejects.toMatchObject({
        code: 'EADDRINUSE',
        syscall: 'bind',
        message: `bind EADDRINUSE 127.0.0.1:${local.port}`,
      })
      await driver.close()
      expect(driver.queuedBytes).toBe(0)
    })

    test('fails to bind where a multicast interface does not exist, and frees the port', async () => {
      const memberships = [{ groupAddress: '239.1.2.3', multicastInterface: '192.0.2.77' }]
      const probe = await plainSocket()
      const { port } = probe.address()
      await new Promise<void>((resolve) => probe.close(resolve))
      const driver = create()
      await expect(bindDriver(driver, { port, memberships })).rejects.toThrow()
      await driver.close()
      await expect(bind({ port })).resolves.toBeDefined()
    })

    test('is told of a refusal on a connected socket', async () => {
      const gone = await plainSocket()
      const { port } = gone.address()
      await new Promise<void>((resolve) => gone.close(resolve))
      const { driver, errors, failures } = await bind()
      await driver.connect({ address: '127.0.0.1', port })
      await vi.waitFor(() => {
        driver.send(new Uint8Array(1), CONNECTED)
        expect([...errors, ...failures.map(({ error }) => error)][0]).toMatchObject({ code: 'ECONNREFUSED' })
      })
    })

    test('connected, hears its peer alone', async () => {
      const peer = await plainSocket()
      const stranger = await plainSocket()
      const { driver, local, datagrams } = await bind()
      const addresses = await driver.connect({ address: '127.0.0.1', port: peer.address().port })
      expect(addresses).toEqual({
        localAddress: local,
        remoteAddress: { address: '127.0.0.1', port: peer.address().port, family: 'IPv4' },
      })
      stranger.send('stranger', local.port, '127.0.0.1')
      driver.send(Buffer.from('question'), CONNECTED)
      expect(String(await received(peer))).toBe('question')
      peer.send('answer', local.port, '127.0.0.1')
      await vi.waitFor(() => expect(datagrams).toHaveLength(1))
      expect(String(datagrams[0]?.data)).toBe('answer')
      peer.close()
      stranger.close()
    })

    test('settles with the reason of a signal that has aborted, and leaves nothing open', async () => {
      const reason = new Error('changed my mind')
      await expect(bind({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
      const { driver } = await bind()
      const abort = new AbortController()
      const connecting = driver.connect({ address: '127.0.0.1', port: 9, signal: abort.signal })
      abort.abort(reason)
      await expect(connecting).rejects.toBe(reason)
      expect(driver.queuedBytes).toBe(0)
    })

    test('closed before it is bound, does not bind', async () => {
      const driver = create()
      await driver.close()
      await expect(bindDriver(driver)).rejects.toThrow(ConnectionClosedError)
    })

    test('closed, sends nothing and throws nothing', async () => {
      const { driver, local } = await bind()
      const number = driver.keep(local)
      await Promise.all([driver.close(), driver.close()])
      driver.send(new Uint8Array(1), local)
      driver.send(new Uint8Array(1), number)
      driver.forget(number)
      driver.flush()
      expect(driver.queuedBytes).toBe(0)
    })

    test('closed from within a batch, gives out no more of it', async () => {
      const given: number[] = []
      const { driver, local, events } = await bind()
      events.onBatch = (batch) => {
        for (let i = 0; i < batch.length; i++) {
          given.push(batch.data(i).byteLength)
          void driver.close()
        }
      }
      const peer = await plainSocket()
      for (let i = 1; i <= 20; i++) peer.send(Buffer.alloc(i), local.port, local.address)
      await vi.waitFor(() => expect(given).toHaveLength(1))
      await driver.close()
      await settled()
      expect(given).toHaveLength(1)
      peer.close()
    })

    test('sets every option', async () => {
      const { driver, local, datagrams } = await bind({
        address: '0.0.0.0',
        reuseAddr: true,
        recvBufferSize: 65_536,
        sendBufferSize: 65_536,
        broadcast: true,
        ttl: 9,
        multicastTTL: 0,
        multicastLoopback: true,
        multicastInterface: '127.0.0.1',
        memberships: [{ groupAddress: '239.255.77.2', multicastInterface: '127.0.0.1' }],
      })
      const other = bind({ address: '0.0.0.0', port: local.port, reuseAddr: true })
      await expect(other).resolves.toMatchObject({ local: { port: local.port } })
      await (await other).driver.close()
      driver.send(Buffer.from('all'), { address: '239.255.77.2', port: local.port })
      await vi.waitFor(() => expect(datagrams.map(({ data }) => String(data))).toEqual(['all']))
    })

    test('takes part in a group for one source alone', async () => {
      const join = (sourceAddress: string) =>
        bind({
          address: '239.255.77.3',
          reuseAddr: true,
          memberships: [{ groupAddress: '239.255.77.3', sourceAddress, multicastInterface: '127.0.0.1' }],
        })
      const heard = await join('127.0.0.1')
      const sender = await bind({ multicastInterface: '127.0.0.1', multicastTTL: 0 })
      sender.driver.send(Buffer.from('here'), heard.local)
      await vi.waitFor(() => expect(heard.datagrams.map(({ data }) => String(data))).toEqual(['here']))
    })

    test('takes the options of an IPv6 socket, and refuses an interface that is not there', async () => {
      const on = { type: 'udp6', address: '::', ipv6Only: true, ttl: 9, multicastTTL: 0, multicastLoopback: false } as const
      const memberships = [{ groupAddress: 'ff01::4d69', multicastInterface: '::%lo' }]
      await expect(bind({ ...on, memberships, multicastInterface: '::%lo' })).resolves.toBeDefined()
      const nowhere = [{ groupAddress: 'ff01::4d69', sourceAddress: 'nowhere' }]
      await expect(bindDriver(create(), { ...on, memberships: nowhere })).rejects.toThrow()
    })
  })
})
