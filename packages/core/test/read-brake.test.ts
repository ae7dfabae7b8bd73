import { describe, expect, test } from 'vitest'
import { connectionPair } from '../src/testing/connection-pair.ts'

describe('the read brake', () => {
  test('stops reading from a peer whose writer does not mind what write returns, and starts again once all is sent', async () => {
    const [client, server] = connectionPair({ highWaterMark: 16 * 1024 })
    const chunk = new Uint8Array(8 * 1024)
    let most = 0
    server.data$.subscribe({
      next: (item) => {
        server.write(item)
        most = Math.max(most, server.unsentBytes)
      },
      complete: () => void server.closeWrite(),
    })
    const sent = (async () => {
      for (let i = 0; i < 128; i++) if (!client.write(chunk)) await client.drain()
      await client.closeWrite()
    })()
    // The client reads nothing until the server has stopped: its writes then make no headway.
    await new Promise<void>((resolve) => {
      const look = (): void => void (server.unsentBytes >= 64 * 1024 ? resolve() : setImmediate(look))
      look()
    })
    let received = 0
    for await (const item of client) received += item.byteLength
    await sent
    expect(received).toBe(128 * chunk.byteLength)
    expect(most).toBeLessThan(80 * 1024 + 2 * chunk.byteLength)
  })

  test('lets one who has written far more than a peer takes at once read what comes back', async () => {
    const [client, server] = connectionPair({ highWaterMark: 16 * 1024 })
    // It minds what `write` returns: it takes no more until its answers are read.
    void server.sink(server.source)
    for (const size of [1024 * 1024, 512 * 1024]) {
      // Several bursts, the second while something of the first may still be unsent.
      client.write(new Uint8Array(size))
      client.write(new Uint8Array(size))
      let received = 0
      for await (const item of client) {
        received += item.byteLength
        if (received === 2 * size) break
      }
      expect(received).toBe(2 * size)
    }
    await client.close()
  })
})
