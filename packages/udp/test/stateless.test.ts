import type { Socket } from 'node:dgram'
import {
  definePlugin,
  type Emit,
  handle,
  InvalidOptionError,
  InvalidPipelineError,
  pipeline,
  respond,
} from '@millrace/core'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createUdpServer, type UdpServer } from '../src/server/udp-server.ts'
import type { StatelessServe } from '../src/server/stateless-port.ts'
import { bytes, listenFake, plainSocket, received } from './support.ts'

const upper = definePlugin({
  name: 'upper',
  perDatagram: true,
  open: () => ({
    inbound: {
      push: (chunk: Uint8Array, emit: Emit<Uint8Array>) => emit(bytes(String(Buffer.from(chunk)).toUpperCase())),
    },
  }),
})
const keeper = definePlugin({ name: 'keeper', open: () => ({}) })
const echoing = () => respond<Uint8Array, Uint8Array>((datagram) => datagram)

const servers: UdpServer<unknown>[] = []
const sockets: Socket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.close()
  for (const server of servers.splice(0)) {
    server.abort()
    await server.closed
  }
})

async function listen(server: UdpServer<unknown>) {
  servers.push(server)
  await server.listen()
  const socket = await plainSocket()
  sockets.push(socket)
  const send = (data: Uint8Array): void => socket.send(data, server.address?.port ?? 0, '127.0.0.1')
  const ask = (data: Uint8Array): Promise<Buffer> => {
    const answer = received(socket)
    send(data)
    return answer
  }
  return { socket, send, ask }
}

describe('a stateless server', () => {
  test('answers each datagram to its sender, without sessions', async () => {
    const server = createUdpServer(pipeline(upper(), echoing()), { stateless: true })
    const { ask } = await listen(server)
    const other = await plainSocket()
    sockets.push(other)
    const answer = received(other)
    other.send('other', server.address?.port ?? 0, '127.0.0.1')
    expect(String(await ask(bytes('one')))).toBe('ONE')
    expect(String(await answer)).toBe('OTHER')
    expect(server.connections.size).toBe(0)
  })

  test.each([0, 1, 65_507])('echoes a datagram of %i bytes as one', async (size) => {
    const { ask } = await listen(createUdpServer(pipeline(echoing()), { stateless: true }))
    expect(await ask(new Uint8Array(size))).toHaveLength(size)
  })

  test('bounds the reply to each datagram by that datagram', async () => {
    const chatty = pipeline(respond<Uint8Array, Uint8Array>((datagram) => Array.from({ length: 5 }, () => datagram)))
    const server = createUdpServer(chatty, { stateless: true })
    const { ask } = await listen(server)
    await ask(bytes('one'))
    await vi.waitFor(() => expect(server.counters.datagramsDroppedFor).toEqual({ 'reply-ratio': 2 }))
    await ask(bytes('two'))
    await vi.waitFor(() => expect(server.counters.datagramsDroppedFor).toEqual({ 'reply-ratio': 4 }))
  })

  test('drops and counts a reply of 65,508 bytes', async () => {
    const huge = pipeline(respond<Uint8Array, Uint8Array>(() => new Uint8Array(65_508)))
    const server = createUdpServer(huge, { stateless: true, maxReplyRatio: Infinity })
    const { send } = await listen(server)
    send(bytes('x'))
    await vi.waitFor(() => expect(server.counters.datagramsDroppedFor).toEqual({ 'too-large': 1 }))
  })

  test('draining, gives the answers in hand and drops what is new', async () => {
    let finish!: () => void
    const slow = pipeline(
      respond<Uint8Array, Uint8Array>(async (datagram) => {
        await new Promise<void>((resolve) => (finish = resolve))
        return datagram
      }),
    )
    const server = createUdpServer(slow, { stateless: true })
    const { ask, send } = await listen(server)
    const answer = ask(bytes('slow'))
    await vi.waitFor(() => expect(finish).toBeDefined())
    const closed = server.close()
    send(bytes('late'))
    await vi.waitFor(() => expect(server.counters.datagramsDroppedFor).toEqual({ draining: 1 }))
    finish()
    expect(String(await answer)).toBe('slow')
    await closed
  })

  test('aborted, waits for nothing', async () => {
    const called = vi.fn()
    const stuck = pipeline(respond<Uint8Array, Uint8Array>(() => new Promise<void>(called)))
    const server = createUdpServer(stuck, { stateless: true })
    const { send } = await listen(server)
    send(bytes('x'))
    await vi.waitFor(() => expect(called).toHaveBeenCalled())
    server.abort()
    await server.closed
  })

  test('refuses, when it is made, what keeps something between datagrams', () => {
    const options = { stateless: true }
    expect(() => createUdpServer(pipeline(keeper(), echoing()), options)).toThrow(InvalidPipelineError)
    expect(() => createUdpServer(pipeline(handle(async () => {})), options)).toThrow(InvalidPipelineError)
    expect(() => createUdpServer(pipeline(upper()) as never, options)).toThrow(InvalidPipelineError)
    expect(() => createUdpServer(undefined, options)).toThrow(InvalidOptionError)
  })

  test('disposes of its plugins when it is closed, and where it cannot be made', async () => {
    const dispose = vi.fn()
    const disposing = definePlugin({ name: 'disposing', perDatagram: true, open: () => ({}), dispose })
    const server = createUdpServer(pipeline(disposing(), echoing()), { stateless: true })
    const { ask } = await listen(server)
    await ask(bytes('x'))
    expect(dispose).not.toHaveBeenCalled()
    await server.close()
    expect(dispose).toHaveBeenCalledTimes(1)
    expect(() => createUdpServer(pipeline(disposing(), keeper(), echoing()), { stateless: true })).toThrow()
    await vi.waitFor(() => expect(dispose).toHaveBeenCalledTimes(2))
  })

  test('never answers source port 0, itself or many', async () => {
    const receive = vi.fn()
    const serve: StatelessServe = () => ({ idle: true, receive, close() {}, abort() {} })
    const set = await listenFake({}, { serve })
    set.receive(1, '127.0.0.2', 0)
    set.receive(1, '127.0.0.1', 10_000)
    set.receive(1, '239.1.1.1', 9)
    expect(receive).not.toHaveBeenCalled()
    expect(set.drops()).toEqual(['source-port-0', 'own-address', 'unicast-only'])
  })

  test('asks for the outcome of each send, and counts those that fail', async () => {
    const serve: StatelessServe = (_local, send) => ({ idle: true, receive: send, close() {}, abort() {} })
    const { driver, receive, events } = await listenFake({}, { serve })
    for (let i = 0; i < 20; i++) receive(1)
    expect(driver.sent.every(({ onSent }) => onSent)).toBe(true)
    const error = Object.assign(new Error('send EPERM'), { code: 'EPERM' })
    driver.sent[7]?.onSent?.(error)
    expect(events).toMatchObject([{ type: 'datagram-dropped', reason: 'send-failed', bytes: 1, error }])
  })
})
