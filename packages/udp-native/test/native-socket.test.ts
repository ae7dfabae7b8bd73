import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { setFlagsFromString } from 'node:v8'
import { runInThisContext } from 'node:vm'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { loadNative, type NativeAddress, type NativeBatch, NativeSocket, type NativeSocketOptions } from '../src/index.ts'

const hasNative = (() => {
  try {
    loadNative()
    return true
  } catch {
    return false
  }
})()

/** As a reader does who gives a datagram to another thread. Node 20 copies what cannot be transferred, later ones refuse. */
function transfer(buffer: ArrayBuffer): void {
  try {
    structuredClone(buffer, { transfer: [buffer] })
  } catch (error) {
    expect(error).toMatchObject({ name: 'DataCloneError' })
  }
}

/** What `ArrayBuffer.prototype.transfer` does, which the mark on the memory forbids in later versions of Node only. */
function detach(buffer: ArrayBuffer): void {
  setFlagsFromString('--allow-natives-syntax')
  try {
    runInThisContext('(buffer) => %ArrayBufferDetach(buffer)')(buffer)
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError)
  } finally {
    setFlagsFromString('--no-allow-natives-syntax')
  }
}

const open: NativeSocket[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((socket) => socket.close()))
})

function bind(options: Partial<NativeSocketOptions> = {}, onBatch?: (batch: NativeBatch) => void) {
  const got: Uint8Array[] = []
  const batches: number[] = []
  const truncated: number[] = []
  const failures: number[] = []
  const socket: NativeSocket = new NativeSocket(loadNative(), { type: 'udp4', ...options }, {
    onBatch(batch) {
      batches.push(batch.length)
      if (onBatch) return onBatch(batch)
      for (let i = 0; i < batch.length; i++) got.push(batch.data(i))
    },
    onTruncated: (_from, bytes) => truncated.push(bytes),
    onSendFailed: (_to, bytes) => failures.push(bytes),
    onError: () => {},
  })
  open.push(socket)
  const address: NativeAddress = socket.bind('127.0.0.1', 0)
  socket.set('recvBufferSize', 4 << 20)
  return { socket, address, got, batches, truncated, failures }
}

describe.runIf(hasNative)('NativeSocket (where its binary is)', () => {
  test('gives out what has come in one call', async () => {
    const from = bind()
    const to = bind()
    for (let i = 0; i < 60; i++) from.socket.send(Buffer.alloc(i), to.address)
    await vi.waitFor(() => expect(to.got.map(({ byteLength }) => byteLength)).toEqual([...Array(60).keys()]))
    expect(to.batches.length).toBeLessThan(30)
  })

  test.each([
    ['transfers its datagram, which is copied or refused', transfer, true],
    ['takes the memory of all away', detach, false],
  ] as const)('reads on where a reader %s', async (_what, take, isThere) => {
    const from = bind()
    const to = bind()
    for (let i = 1; i <= 3; i++) {
      from.socket.send(Buffer.alloc(8, i), to.address)
      await vi.waitFor(() => expect(to.got).toHaveLength(i))
      expect(to.got[i - 1]).toEqual(Buffer.alloc(8, i))
      take(to.got[i - 1]?.buffer as ArrayBuffer)
    }
    if (isThere) expect(to.got).toEqual([Buffer.alloc(8, 1), Buffer.alloc(8, 2), Buffer.alloc(8, 3)])
  })

  test('answers a batch in each peer\'s order, however its peers alternate', async () => {
    const answering: { socket?: NativeSocket } = {}
    const known = new Map<string, number>()
    const echo = bind({}, (batch) => {
      for (let i = 0; i < batch.length; i++) {
        const data = batch.data(i)
        const from = batch.sender(i)
        const to = known.get(`${from.port}`) ?? answering.socket?.keep(from) ?? 0
        known.set(`${from.port}`, to)
        // As it is, and as something made of it.
        answering.socket?.send(data, to)
        answering.socket?.send(Buffer.from(data).fill(0xff, 1), to)
      }
    })
    answering.socket = echo.socket
    const peers = [bind(), bind(), bind()]
    const sizes = [1_200, 1_200, 7, 64, 0, 64, 1_452]
    for (const [i, size] of sizes.entries()) {
      for (const { socket } of peers) socket.send(Buffer.alloc(size, i), echo.address)
      for (const { socket } of peers) socket.flush()
    }
    const answers = sizes.flatMap((size, i) => [Buffer.alloc(size, i), Buffer.alloc(size, i).fill(0xff, 1)])
    for (const { got } of peers) await vi.waitFor(() => expect(got).toEqual(answers))
  })

  test('takes apart what the kernel has joined, by size and by sender', async () => {
    const to = bind()
    const senders = [bind(), bind()]
    const sizes = [...Array(40).fill(1_200), 500, ...Array(30).fill(64), ...Array(5).fill(1_300), 0, 7] as number[]
    for (const [k, { socket }] of senders.entries()) {
      for (const [i, size] of sizes.entries()) socket.send(Buffer.alloc(size, k * 100 + i), socket.keep(to.address))
    }
    await vi.waitFor(() => expect(to.got).toHaveLength(2 * sizes.length))
    for (const k of [0, 1]) {
      const own = to.got.slice(k * sizes.length, (k + 1) * sizes.length)
      expect(own).toEqual(sizes.map((size, i) => Buffer.alloc(size, k * 100 + i)))
    }
    expect(senders.map(({ failures }) => failures)).toEqual([[], []])
  })

  test('tells of a datagram that is longer than a message may be, and gives out those around it', async () => {
    const from = bind()
    const to = bind({ messageBytes: 1_000 })
    for (const size of [1_000, 1_001, 3, 60_000, 4]) from.socket.send(Buffer.alloc(size, size), to.address)
    await vi.waitFor(() => expect(to.got).toHaveLength(3))
    expect(to.got).toEqual([Buffer.alloc(1_000, 1_000), Buffer.alloc(3, 3), Buffer.alloc(4, 4)])
    expect(to.truncated).toEqual([1_001, 60_000])
  })

  test('never writes again to what it has given out', async () => {
    const from = bind()
    const to = bind()
    const sizes = Array.from({ length: 400 }, (_, i) => 1 + ((i * 389) % 3_000))
    for (let i = 0; i < sizes.length; i += 40) {
      for (const size of sizes.slice(i, i + 40)) from.socket.send(Buffer.alloc(size, size), to.address)
      await vi.waitFor(() => expect(to.got).toHaveLength(i + 40))
    }
    expect(to.got).toEqual(sizes.map((size) => Buffer.alloc(size, size)))
  })

  test('uses the memory of a batch again where nothing of it is kept, and of no other', async () => {
    const places: number[] = []
    let releases = false
    const to = bind({}, (batch) => {
      places.push(batch.data(0).byteOffset)
      if (releases) batch.release()
    })
    const from = bind()
    for (const [i, next] of [true, true, false, false].entries()) {
      releases = next
      from.socket.send(Buffer.alloc(64), to.address)
      await vi.waitFor(() => expect(places).toHaveLength(i + 1))
    }
    const [first = 0] = places
    expect(places).toEqual([first, first, first, first + 64])
  })

  test('knows within a batch whom it has kept in it', async () => {
    const peers: number[] = []
    const to = bind({}, (batch) => {
      for (let i = 0; i < batch.length; i++) {
        if (batch.peer(i) === 0) to.socket.keep(batch.sender(i))
        peers.push(batch.peer(i))
      }
    })
    const from = bind()
    for (let i = 0; i < 5; i++) from.socket.send(Buffer.from('x'), to.address)
    await vi.waitFor(() => expect(peers).toEqual([1, 1, 1, 1, 1]))
  })

  test('runs what a batch has put off before the next one comes, where something of it throws and the process goes on', async () => {
    const thrown: unknown[] = []
    const read: string[] = []
    const throwing = (batch: NativeBatch): void => {
      process.nextTick(() => {
        throw new Error('a first mistake')
      })
      process.nextTick(() => {
        throw new Error('a second mistake')
      })
      process.nextTick(() => {
        for (let i = 0; i < batch.length; i++) read.push(String(Buffer.from(batch.data(i))))
      })
    }
    const [from, one, other] = [bind(), bind({}, throwing), bind({}, throwing)]
    process.setUncaughtExceptionCaptureCallback((error) => thrown.push(error.message))
    try {
      for (const to of [one, other]) from.socket.send(Buffer.from(`to ${to.address.port}`), to.address)
      await vi.waitFor(() => expect(read).toHaveLength(2))
    } finally {
      process.setUncaughtExceptionCaptureCallback(null)
    }
    expect(read.sort()).toEqual([one, other].map((to) => `to ${to.address.port}`).sort())
    expect(thrown).toEqual(['a first mistake', 'a second mistake', 'a first mistake', 'a second mistake'])
  })

  test('answers a batch by one call, from microtasks too', async () => {
    const answers: string[] = []
    const to = bind({}, (batch) => {
      for (let i = 0; i < batch.length; i++) {
        const [data, from] = [batch.data(i), batch.sender(i)]
        void Promise.resolve().then(() => to.socket.send(data, from))
      }
    })
    const client = createSocket('udp4')
    client.connect(to.address.port, '127.0.0.1')
    await once(client, 'connect')
    client.on('message', (data) => answers.push(String(data)))
    for (let i = 0; i < 30; i++) client.send(`${i}`)
    await vi.waitFor(() => expect(answers).toEqual(Array.from({ length: 30 }, (_, i) => `${i}`)))
    client.close()
  })

  test('closes under load, from within a batch, and leaves nothing open', async () => {
    const before = process.getActiveResourcesInfo().length
    const from = bind()
    for (let round = 0; round < 30; round++) {
      let given = 0
      const to = bind({}, (batch) => {
        for (let i = 0; i < batch.length; i++) {
          to.socket.send(batch.data(i), batch.sender(i))
          given++
          void to.socket.close()
        }
      })
      for (let i = 0; i < 40; i++) from.socket.send(Buffer.alloc(100), to.address)
      await vi.waitFor(() => expect(given).toBe(1))
      await to.socket.close()
      expect(given).toBe(1)
    }
    await from.socket.close()
    expect(process.getActiveResourcesInfo().length).toBeLessThanOrEqual(before)
  })

  test('refuses a bad address with the system’s error', () => {
    const { socket } = bind()
    expect(() => socket.keep({ address: 'somewhere', port: 1 })).toThrow('EINVAL')
    expect(() => socket.keep({ address: 'x'.repeat(200), port: 1 })).toThrow('EINVAL')
    expect(() => socket.setMulticastInterface('192.0.2.77')).toThrow('EADDRNOTAVAIL')
    expect(() => socket.join('127.0.0.1')).toThrow('EINVAL')
  })

  test('closed, throws EBADF where something is asked of it and does nothing where not', async () => {
    const { socket, address } = bind()
    await socket.close()
    expect(() => socket.keep(address)).toThrow('EBADF')
    expect(() => socket.set('ttl', 3)).toThrow('EBADF')
    socket.send(Buffer.from('x'), address)
    socket.flush()
    socket.forget(1)
    await socket.close()
  })
})
