import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { connect, type NetConnectOpts, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  chunker,
  definePlugin,
  echo,
  handle,
  InvalidOptionError,
  InvalidPipelineError,
  lengthPrefixed,
  ListenError,
  pipeline,
  PluginBuildError,
  respond,
  serve,
  type ServeOptions,
  type ServerEvent,
  type Serving,
  uppercaser,
} from '../src/index.ts'

let directory: string
const running: Serving[] = []
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'millrace-serve-'))
})
afterEach(async () => {
  for (const serving of running.splice(0)) {
    serving.abort()
    await serving.closed
  }
  rmSync(directory, { recursive: true })
})

const kept = <S extends Serving>(serving: S): S => {
  running.push(serving)
  return serving
}
const shout = pipeline(chunker({ size: 3 }), uppercaser(), echo())

async function ask(where: NetConnectOpts, text: string): Promise<string> {
  const socket = connect({ allowHalfOpen: true, ...where })
  socket.end(text)
  return (await buffer(socket)).toString()
}

async function askUdp(port: number, text: string): Promise<string> {
  const socket = createSocket('udp4')
  const answers: string[] = []
  socket.send(text, port, '127.0.0.1')
  while (answers.join('').length < text.length) answers.push(String(((await once(socket, 'message')) as [Buffer])[0]))
  socket.close()
  return answers.join('')
}

describe('serve', () => {
  test('serves one pipeline on every listener', async () => {
    const unix = path.join(directory, 's')
    const serving = kept(await serve(shout, { tcp: { port: 0 }, udp: {}, unix: { path: unix } }))
    const { tcp, udp } = serving.addresses
    expect(await ask({ port: tcp?.port as number, host: '127.0.0.1' }, 'over tcp')).toBe('OVER TCP')
    expect(await ask({ path: unix }, 'over unix')).toBe('OVER UNIX')
    expect(await askUdp(udp?.port as number, 'over udp')).toBe('OVER UDP')
    expect(serving.counters).toMatchObject({ accepted: 3, refused: 0, failed: 0 })
    expect(Object.keys(serving.servers)).toEqual(['tcp', 'udp', 'unix'])
  })

  test('builds the plugins once, and disposes of them when the last listener has closed', async () => {
    const calls: string[] = []
    const counted = definePlugin({
      name: 'counted',
      inject: {},
      open: () => ({}),
      dispose: () => void calls.push('dispose'),
    })
    const serving = await serve(pipeline(counted(), echo()), { tcp: {}, udp: {} })
    await serving.servers.tcp?.close()
    expect(calls).toEqual([])
    await serving.close()
    expect(calls).toEqual(['dispose'])
    expect(await serving.closed).toEqual({ cutOff: 0 })
    expect(serving.addresses).toEqual({})
  })

  test('gives each listener its own options, and leaves the given object as it was', async () => {
    const options = Object.freeze({ tcp: Object.freeze({ port: 0, maxConnections: 1, backlog: 5 }), udp: Object.freeze({ ttl: 3 }) })
    const serving = kept(await serve(shout, options))
    const { port } = serving.addresses.tcp as { port: number }
    const first = connect(port, '127.0.0.1')
    first.write('a')
    await once(first, 'data')
    expect(await ask({ port, host: '127.0.0.1' }, '')).toBe('')
    expect(serving.counters.refusedFor).toEqual({ maxConnections: 1 })
    first.destroy()
  })

  test('serves a listener by its own pipeline, and builds each once, however many listeners it is for', async () => {
    const built: string[] = []
    const named = definePlugin({
      name: 'named',
      perDatagram: true,
      options: { as: { type: 'string', default: '', help: 'what it is called' } },
      open: () => ({}),
      dispose: ({ as }) => void built.push(as),
    })
    const answer = respond((message: Uint8Array) => Buffer.from(`<${Buffer.from(message)}>`))
    const onStreams = pipeline(named({ as: 'streams' }), lengthPrefixed({ bytes: 1 }), answer)
    const alone = pipeline(named({ as: 'alone' }), answer)
    const unix = path.join(directory, 's')
    const options = { tcp: {}, unix: { path: unix, pipeline: alone }, udp: { pipeline: alone, stateless: true } }
    const serving = kept(await serve(onStreams, options))
    expect(await ask({ port: serving.addresses.tcp?.port as number, host: '127.0.0.1' }, '\u0001a\u0002bc')).toBe('\u0003<a>\u0004<bc>')
    expect(await ask({ path: unix }, 'abc')).toBe('<abc>')
    expect(await askUdp(serving.addresses.udp?.port as number, 'abc')).toBe('<abc>')
    await serving.close()
    expect(built.sort()).toEqual(['alone', 'streams'])
  })

  test('has UDP listen on the port of TCP, unless it is told another', async () => {
    const { addresses } = kept(await serve(shout, { tcp: {}, udp: {} }))
    expect(addresses.tcp?.port).toBeGreaterThan(0)
    expect(addresses.udp?.port).toBe(addresses.tcp?.port)
    const apart = kept(await serve(shout, { tcp: {}, udp: { port: 0 } }))
    expect(apart.addresses.udp?.port).toBeGreaterThan(0)
  })

  test('hands every event to onEvent, from the first, and merges them in events$', async () => {
    const all: ServerEvent['type'][] = []
    const later: ServerEvent['type'][] = []
    const serving = await serve(shout, { tcp: {}, udp: {}, onEvent: ({ type }) => all.push(type) })
    const completed = new Promise<void>((complete) => {
      serving.events$.subscribe({ next: ({ type }) => later.push(type), complete })
    })
    await serving.close()
    await completed
    const common = all.filter((type) => type !== 'driver-chosen')
    expect(common).toEqual(['listening', 'listening', 'draining', 'draining', 'closed', 'closed'])
    expect(all).toHaveLength(common.length + 2)
    expect(later).toEqual(['draining', 'draining', 'closed', 'closed'])
  })

  test('drains all listeners at once and adds up what had to be cut off', async () => {
    const stuck = pipeline(handle<Uint8Array, Uint8Array>(() => new Promise(() => {})))
    const options = { tcp: { drainTimeout: 0 }, unix: { path: path.join(directory, 's'), drainTimeout: 0 } }
    const serving = kept(await serve(stuck, options))
    const clients: Socket[] = [connect(serving.addresses.tcp?.port as number, '127.0.0.1'), connect(options.unix.path)]
    clients.forEach((client) => client.on('error', () => {}))
    await expect.poll(() => serving.counters.accepted).toBe(2)
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(serving.close({ signal })).rejects.toBe(signal.reason)
    expect(serving.servers.tcp?.status).toBe('draining')
    expect(serving.servers.unix?.status).toBe('draining')
    serving.abort()
    expect(await serving.closed).toEqual({ cutOff: 2 })
  })

  test('is closed by await using', async () => {
    const serving = await serve(shout, { tcp: {} })
    await serving[Symbol.asyncDispose]()
    expect(serving.servers.tcp?.status).toBe('closed')
  })
})

describe('serve, when it cannot', () => {
  test('leaves nothing listening where one address cannot be had', async () => {
    const taken = kept(await serve(shout, { udp: {} }))
    const events: ServerEvent['type'][] = []
    const unix = path.join(directory, 's')
    const options = {
      tcp: {},
      udp: { port: taken.addresses.udp?.port },
      unix: { path: unix },
      onEvent: ({ type }: ServerEvent) => events.push(type),
    }
    const error = await serve(shout, options).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ListenError)
    expect(error).toMatchObject({ code: 'MILLRACE_ERR_LISTEN_FAILED', cause: { code: 'EADDRINUSE' } })
    // The TCP server had begun to listen, and was closed again.
    expect(events.filter((type) => type === 'listening')).toHaveLength(1)
    expect(events.filter((type) => type === 'closed')).toHaveLength(3)
    expect(existsSync(unix)).toBe(false)
  })

  test('disposes of the plugins when it fails', async () => {
    let disposed = 0
    const counted = definePlugin({ name: 'counted', open: () => ({}), dispose: () => void disposed++ })
    const options: ServeOptions = { tcp: { host: '203.0.113.1' } }
    await expect(serve(pipeline(counted(), echo()), options)).rejects.toBeInstanceOf(ListenError)
    expect(disposed).toBe(1)
  })

  test('gives up at its signal', async () => {
    const reason = new Error('changed my mind')
    await expect(serve(shout, { tcp: {}, signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const controller = new AbortController()
    const starting = serve(shout, { tcp: {}, udp: {}, signal: controller.signal })
    controller.abort(reason)
    await expect(starting).rejects.toBe(reason)
  })

  test.each([
    ['no listener', {}, 'serve'],
    ['a misspelt listener', { tpc: {} }, 'serve.tpc'],
    ['a listener that is none', { tcp: 10_000 }, 'serve.tcp'],
    ['a misspelt option', { tcp: { prot: 1 } }, 'serve.tcp.prot'],
    ['a port out of range', { udp: { port: 70_000 } }, 'serve.udp.port'],
    ['an option of another listener', { tcp: { maxSessions: 1 } }, 'serve.tcp.maxSessions'],
    ['a path for TCP', { tcp: { path: '/x' } }, 'serve.tcp.path'],
    ['a Unix socket without a path', { unix: {} }, 'serve.unix.path'],
    ['a pipeline that is none', { udp: { pipeline: echo() } }, 'serve.udp.pipeline'],
    ['a container for one listener', { tcp: { container: {} } }, 'serve.tcp.container'],
  ])('refuses %s, naming the option', async (_, options, option) => {
    const error = await serve(shout, options as ServeOptions).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(InvalidOptionError)
    expect(error).toMatchObject({ code: 'MILLRACE_ERR_INVALID_OPTION', option })
  })

  test('refuses a pipeline without a handler, and one that cannot be built', async () => {
    const open = pipeline(uppercaser()) as unknown as typeof shout
    await expect(serve(open, { tcp: {} })).rejects.toBeInstanceOf(InvalidPipelineError)
    await expect(serve(shout, { tcp: {}, udp: { pipeline: open } })).rejects.toBeInstanceOf(InvalidPipelineError)
    const needy = definePlugin({ name: 'needy', inject: { missing: Symbol('nobody') }, open: () => ({}) })
    await expect(serve(pipeline(needy(), echo()), { tcp: {} })).rejects.toBeInstanceOf(PluginBuildError)
    let disposed = 0
    const counted = definePlugin({ name: 'counted', open: () => ({}), dispose: () => void disposed++ })
    const options = { tcp: {}, udp: { pipeline: pipeline(needy(), echo()) } }
    await expect(serve(pipeline(counted(), echo()), options)).rejects.toBeInstanceOf(PluginBuildError)
    expect(disposed).toBe(1)
  })
})
