import { once } from 'node:events'
import { describe, expect, test, vi } from 'vitest'
import { SocketPort } from '../src/ports/socket-port.ts'
import { pattern, PortRecorder, received, socketPair } from './loopback.ts'
import { expectNothingLeft } from './support.ts'

expectNothingLeft()

async function setUp() {
  const { local, remote } = await socketPair()
  const seen = new PortRecorder()
  const port = new SocketPort(local, seen, { resets: true })
  return { local, remote, seen, port }
}

describe('SocketPort', () => {
  test('joins the small chunks of one flush into one write', async () => {
    const { local, remote, port, seen } = await setUp()
    const writes = vi.spyOn(local, 'write')
    port.send(Array.from({ length: 100 }, () => Buffer.from('0123456789abcdef')), 1600)
    expect(writes).toHaveBeenCalledTimes(1)
    expect(port.queuedBytes).toBe(0)
    port.end()
    expect((await received(remote)).bytes.toString()).toBe('0123456789abcdef'.repeat(100))
    await vi.waitFor(() => expect(seen.calls).toContain('finish'))
  })

  test('gathers a few large chunks without copying them', async () => {
    const { local, remote, port } = await setUp()
    const chunks = [pattern(20_000), pattern(20_001), pattern(20_002)]
    const writes = vi.spyOn(local, 'write')
    port.send(chunks, 60_003)
    expect(writes.mock.calls.map(([chunk]) => chunk)).toEqual(chunks)
    port.end()
    expect((await received(remote)).bytes.equals(Buffer.concat(chunks))).toBe(true)
  })

  test('tells a socket that Node closes without an error', async () => {
    const { local, port, seen } = await setUp()
    port.resume()
    local.destroy()
    await once(local, 'close')
    expect(seen.calls).toEqual(['close'])
    expect(port).toMatchObject({ inputEnded: false, outputEnded: false })
  })
})
