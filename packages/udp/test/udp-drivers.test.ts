import { ConnectionClosedError } from '@millrace/core'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { NodeUdpDriver } from '../src/node-udp-driver.ts'
import type { BindOptions } from '../src/socket-options.ts'
import type { PeerAddress, UdpDriverEvents } from '../src/udp-driver.ts'
import { plainSocket, received } from './support.ts'

const drivers: NodeUdpDriver[] = []
afterEach(async () => {
  await Promise.all(drivers.splice(0).map((driver) => driver.close()))
})

async function bind(options: Partial<BindOptions> = {}) {
  const datagrams: { data: Uint8Array; from: string }[] = []
  const errors: Error[] = []
  const events: UdpDriverEvents = {
    onDatagram: (data, address, port) => datagrams.push({ data, from: `${address}:${port}` }),
    onError: (error) => errors.push(error),
  }
  const driver = new NodeUdpDriver()
  drivers.push(driver)
  const local = await driver.bind({ type: 'udp4', address: '127.0.0.1', port: 0, ...options }, events)
  return { driver, local, datagrams, errors }
}

const outcome = (driver: NodeUdpDriver, data: Uint8Array, to?: PeerAddress): Promise<Error | null> =>
  new Promise((resolve) => driver.send(data, to, resolve))

describe('NodeUdpDriver', () => {
  test.each([0, 1, 65_507])('carries a datagram of %i bytes', async (size) => {
    const a = await bind()
    const b = await bind()
    a.driver.send(new Uint8Array(size).fill(7), b.local)
    await vi.waitFor(() => expect(b.datagrams).toHaveLength(1))
    expect(b.datagrams[0]?.from).toBe(`127.0.0.1:${a.local.port}`)
    expect(b.datagrams[0]?.data).toEqual(Buffer.alloc(size, 7))
  })

  test('carries 65,527 bytes over IPv6', async () => {
    const a = await bind({ type: 'udp6', address: '::1' })
    const b = await bind({ type: 'udp6', address: '::1' })
    expect(await outcome(a.driver, new Uint8Array(65_527), b.local)).toBeNull()
    await vi.waitFor(() => expect(b.datagrams[0]?.data.byteLength).toBe(65_527))
  })

  test('tells EMSGSIZE to the one who asked, and to nobody else', async () => {
    const { driver, local, errors } = await bind()
    expect(await outcome(driver, new Uint8Array(65_508), local)).toMatchObject({ code: 'EMSGSIZE' })
    driver.send(new Uint8Array(65_508), local)
    expect(await outcome(driver, new Uint8Array(1), local)).toBeNull()
    expect(errors).toEqual([])
  })

  test('fails to bind with the system’s error, and leaves nothing open', async () => {
    const { local } = await bind()
    const driver = new NodeUdpDriver()
    const onError = vi.fn()
    const options: BindOptions = { type: 'udp4', address: '127.0.0.1', port: local.port }
    const binding = driver.bind(options, { onDatagram: () => {}, onError })
    await expect(binding).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await driver.close()
    expect(onError).not.toHaveBeenCalled()
  })

  test('fails to bind where a multicast interface does not exist, and frees the port', async () => {
    const memberships = [{ groupAddress: '239.1.2.3', multicastInterface: '192.0.2.77' }]
    const probe = await plainSocket()
    const { port } = probe.address()
    await new Promise<void>((resolve) => probe.close(resolve))
    await expect(bind({ port, memberships })).rejects.toThrow()
    await drivers.at(-1)?.close()
    await expect(bind({ port })).resolves.toBeDefined()
  })

  test('is told of a refusal on a connected socket', async () => {
    const gone = await plainSocket()
    const { port } = gone.address()
    await new Promise<void>((resolve) => gone.close(resolve))
    const { driver, errors } = await bind()
    await driver.connect({ address: '127.0.0.1', port })
    driver.send(new Uint8Array(1))
    await vi.waitFor(() => expect(errors[0]).toMatchObject({ code: 'ECONNREFUSED' }))
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
    driver.send(Buffer.from('question'))
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
    const driver = new NodeUdpDriver()
    await driver.close()
    const binding = driver.bind({ type: 'udp4', address: '127.0.0.1', port: 0 }, { onDatagram() {}, onError() {} })
    await expect(binding).rejects.toThrow(ConnectionClosedError)
  })

  test('closed, sends nothing and throws nothing', async () => {
    const { driver, local } = await bind()
    await Promise.all([driver.close(), driver.close()])
    driver.send(new Uint8Array(1), local)
    expect(driver.queuedBytes).toBe(0)
  })

  test('sets what Node sets on a bound socket only', async () => {
    const { driver, local, datagrams } = await bind({
      address: '0.0.0.0',
      recvBufferSize: 65_536,
      sendBufferSize: 65_536,
      broadcast: true,
      ttl: 9,
      multicastTTL: 0,
      multicastLoopback: true,
      multicastInterface: '127.0.0.1',
      memberships: [{ groupAddress: '239.255.77.2', multicastInterface: '127.0.0.1' }],
    })
    driver.send(Buffer.from('all'), { address: '239.255.77.2', port: local.port })
    await vi.waitFor(() => expect(datagrams.map(({ data }) => String(data))).toEqual(['all']))
  })
})
