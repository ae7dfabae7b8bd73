import { afterEach, describe, expect, test, vi } from 'vitest'
import { Outgoing } from '../src/outgoing.ts'
import { FakeBinding } from './fake-binding.ts'

const EPERM = 1
const ENOBUFS = 105

afterEach(() => void vi.useRealTimers())

function setUp() {
  const kernel = new FakeBinding()
  const failures: string[] = []
  const outgoing = new Outgoing(kernel.binding, kernel.handle, kernel.shared, (to, bytes, error) => {
    failures.push(`${typeof to === 'number' ? to : `${to.address}:${to.port}`} ${bytes} ${error.code}`)
  })
  const send = (text: string, to: number | { address: string; port: number } = 1): void => {
    outgoing.send(Buffer.from(text), to)
  }
  return { kernel, outgoing, failures, send }
}

const turn = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve))

describe('Outgoing', () => {
  test('sends what one turn sends by one call, in order, by number and by address', async () => {
    const { kernel, send } = setUp()
    send('a')
    send('b', 2)
    send('c', { address: '192.0.2.1', port: 53 })
    send('')
    expect(kernel.sent).toEqual([])
    await turn()
    expect(kernel.sent).toEqual(['1 a', '2 b', '192.0.2.1:53 c', '1 '])
    expect(kernel.flushes).toBe(1)
  })

  test('sends a copy: what was sent may change', async () => {
    const { kernel, outgoing } = setUp()
    const data = Buffer.from('before')
    outgoing.send(data, 1)
    data.fill('x')
    await turn()
    expect(kernel.sent).toEqual(['1 before'])
  })

  test('lets what waits keep its order, which is counted on, and the rest be grouped by peers', async () => {
    const { kernel, outgoing, send } = setUp()
    kernel.room = 0
    send('a')
    await turn()
    kernel.room = Infinity
    outgoing.resend()
    expect(kernel.grouped).toEqual([true, false])
  })

  test('leaves the flush to the C side while that gives out a batch', async () => {
    const { kernel, outgoing, send } = setUp()
    kernel.delivering = true
    send('a')
    await turn()
    expect(kernel.flushes).toBe(0)
    kernel.delivering = false
    outgoing.onFlushed(kernel.flush())
    expect(kernel.sent).toEqual(['1 a'])
  })

  test('flushes before the turn ends where more is sent than is collected at a time', async () => {
    const { kernel, send } = setUp()
    for (let i = 0; i < 20; i++) send(`${i}`)
    expect(kernel.sent).toHaveLength(16)
    await turn()
    expect(kernel.sent).toEqual(Array.from({ length: 20 }, (_, i) => `1 ${i}`))
  })

  test('keeps what the kernel has no room for, in order, and sends it when there is', async () => {
    const { kernel, outgoing, send } = setUp()
    kernel.room = 2
    for (const text of ['one', 'two', 'three', 'four']) send(text)
    await turn()
    expect(kernel.sent).toEqual(['1 one', '1 two'])
    expect([outgoing.queuedBytes, kernel.watched]).toEqual([9, 1])
    send('five')
    await turn()
    expect(outgoing.queuedBytes).toBe(13)
    kernel.room = 1
    outgoing.resend()
    expect(kernel.sent.at(-1)).toBe('1 three')
    expect([outgoing.queuedBytes, kernel.watched]).toEqual([8, 2])
    kernel.room = Infinity
    outgoing.resend()
    expect(kernel.sent).toEqual(['1 one', '1 two', '1 three', '1 four', '1 five'])
    expect(outgoing.queuedBytes).toBe(0)
    send('six')
    await turn()
    expect(kernel.sent.at(-1)).toBe('1 six')
  })

  test('sends thousands that wait, by and by', async () => {
    const { kernel, outgoing, send } = setUp()
    kernel.room = 0
    const texts = Array.from({ length: 3_000 }, (_, i) => `${i}`)
    for (const text of texts) send(text, 7)
    await turn()
    for (let i = 0; i < 100; i++) {
      kernel.room = 37
      outgoing.resend()
    }
    expect(kernel.sent).toEqual(texts.map((text) => `7 ${text}`))
    expect(outgoing.queuedBytes).toBe(0)
  })

  test('tells what failed, sends the rest, and whoever is told may send', async () => {
    const { kernel, outgoing, failures, send } = setUp()
    kernel.refused.set('bad', EPERM)
    send('good')
    send('bad', 3)
    send('bad', { address: '192.0.2.1', port: 53 })
    send('lost', { address: 'nonsense', port: 53 })
    send('fine')
    await turn()
    expect(kernel.sent).toEqual(['1 good', '1 fine'])
    expect(failures).toEqual(['3 3 EPERM', '192.0.2.1:53 3 EPERM', 'nonsense:53 4 EINVAL'])
    const again = new Outgoing(kernel.binding, kernel.handle, kernel.shared, () => again.send(Buffer.from('again'), 9))
    again.send(Buffer.from('bad'), 3)
    await turn()
    await turn()
    expect(kernel.sent.at(-1)).toBe('9 again')
    outgoing.close()
  })

  test('refuses what no datagram can be, later', async () => {
    const { failures, outgoing } = setUp()
    outgoing.send(new Uint8Array(4_097), 5)
    expect(failures).toEqual([])
    await turn()
    expect(failures).toEqual(['5 4097 EMSGSIZE'])
  })

  test('asks a kernel without memory again, every millisecond, and gives up one after a hundred', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { kernel, outgoing, failures, send } = setUp()
    kernel.room = 0
    kernel.errno = ENOBUFS
    send('one')
    send('two')
    await turn()
    expect(kernel.watched).toBe(0)
    await vi.advanceTimersByTimeAsync(99)
    expect([failures.length, outgoing.queuedBytes]).toEqual([0, 6])
    await vi.advanceTimersByTimeAsync(1)
    expect(failures).toEqual(['1 3 ENOBUFS'])
    kernel.room = 1
    await vi.advanceTimersByTimeAsync(1)
    expect(kernel.sent).toEqual(['1 two'])
    expect([outgoing.queuedBytes, vi.getTimerCount()]).toEqual([0, 0])
  })

  test('lets a number go when nothing is to be sent to it any more', async () => {
    const { kernel, outgoing, send } = setUp()
    kernel.room = 0
    send('last words', 4)
    outgoing.forget(4)
    await turn()
    expect(kernel.forgotten).toEqual([])
    kernel.room = 1
    outgoing.resend()
    await turn()
    expect(kernel.sent).toEqual(['4 last words'])
    expect(kernel.forgotten).toEqual([4])
  })

  test('lets no number go while a batch is given out, which may still speak of it', async () => {
    const { kernel, outgoing } = setUp()
    kernel.delivering = true
    outgoing.forget(4)
    await turn()
    outgoing.forget(5)
    await turn()
    expect(kernel.forgotten).toEqual([])
    kernel.delivering = false
    await new Promise((resolve) => setImmediate(resolve))
    expect(kernel.forgotten).toEqual([4, 5])
  })

  test('close sends what is collected and drops what waits', async () => {
    const { kernel, outgoing, send } = setUp()
    kernel.room = 1
    send('one')
    send('two')
    outgoing.close()
    send('three')
    await turn()
    expect(kernel.sent).toEqual(['1 one'])
    expect(outgoing.queuedBytes).toBe(0)
  })
})
