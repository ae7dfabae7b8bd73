import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Child } from './support/child.ts'
import type { Report } from './support/pressure-server.ts'

const CLIENTS = 20
const MIB = 1024 * 1024
const block = Buffer.alloc(64 * 1024, 'abcdefgh')

/** Sends for as long as anyone takes it, and reads nothing. */
function sendWithoutEnd(socket: Socket): void {
  const send = (): void => {
    while (!socket.destroyed && socket.write(block));
  }
  socket.on('drain', send).on('error', () => {})
  send()
}

/** Bytes that the kernel has taken from all of them. */
const taken = (sockets: readonly Socket[]): number =>
  sockets.reduce((sum, { bytesWritten, writableLength }) => sum + bytesWritten - writableLength, 0)

/** Asks for reports until several in a row say that nobody has taken a byte. */
async function untilNothingMoves(child: Child, sockets: readonly Socket[]): Promise<Report[]> {
  const reports: Report[] = []
  let last = ''
  let same = 0
  await vi.waitFor(
    async () => {
      const report = await child.ask<Report>('report')
      reports.push(report)
      const now = [taken(sockets), report.bytesRead, report.bytesWritten].join()
      same = now === last ? same + 1 : 0
      last = now
      expect(same).toBeGreaterThanOrEqual(5)
    },
    { timeout: 15_000, interval: 50 },
  )
  return reports
}

describe('twenty clients that send and never read', () => {
  let child: Child | undefined
  const sockets: Socket[] = []
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy()
    await child?.kill()
  })

  const connected = async (port: number): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1')
    sockets.push(socket)
    await once(socket, 'connect')
    return socket
  }

  for (const name of [
    'echo',
    'tenfold',
    'chunker and uppercaser',
    'a handler that minds write()',
    'a handler that does not',
    'transforms',
    'operators with sendTo',
    'paced',
  ]) {
    test(`cost the server 48 MiB at most: ${name}`, async () => {
      child = new Child(new URL('support/pressure-server.ts', import.meta.url), [name], ['--expose-gc'])
      const port = await child.next<number>()
      // What it needs to serve at all is loaded before the measure is taken.
      const first = await connected(port)
      first.write('first')
      await once(first, 'data')
      first.destroy()
      const before = await child.ask<Report>('before')

      await Promise.all(Array.from({ length: CLIENTS }, () => connected(port)))
      sockets.forEach(sendWithoutEnd)
      const reports = await untilNothingMoves(child, sockets)
      expect(reports.at(-1)?.connections).toBe(CLIENTS)
      // Each has been served, and not all that it sent was taken in.
      expect(reports.at(-1)?.bytesRead).toBeGreaterThan(CLIENTS * 64 * 1024)
      expect(sockets.filter(({ writableLength, destroyed }) => !destroyed && writableLength > 0)).toHaveLength(CLIENTS)
      const most = Math.max(...reports.map(({ peak }) => peak))
      expect((most - before.rss) / MIB).toBeLessThan(48)
    })
  }
})
