import { setTimeout as delay } from 'node:timers/promises'
import type { Load } from '../workloads/workload.ts'
import { exchangeOf } from './payload.ts'
import { connectSocket } from './udp-steady.ts'

/** Datagrams per socket, each different. */
const DATAGRAMS = 500
/** For all replies of one window, in milliseconds. */
const TIMEOUT = 2_000

/**
 * Sends known datagrams from several sockets at once, a window at a time, and compares what comes back.
 *
 * @throws where a reply is none of the datagrams in flight, or one does not come back.
 */
export async function verifyUdp(port: number, load: Load): Promise<void> {
  await Promise.all(Array.from({ length: load.connections }, (_, index) => verifySocket(port, load, index)))
}

async function verifySocket(port: number, load: Load, index: number): Promise<void> {
  const socket = await connectSocket(port)
  const awaited = new Set<string>()
  let wrong: Buffer | undefined
  socket.on('message', (data) => {
    if (!awaited.delete(data.toString('latin1'))) wrong = data
  })
  try {
    for (let first = 0; first < DATAGRAMS; first += load.window) {
      for (let i = first; i < first + load.window; i++) {
        const { sent, expected } = exchangeOf(load, 1, 1 + index * DATAGRAMS + i)
        awaited.add(expected.toString('latin1'))
        socket.send(sent)
      }
      const deadline = performance.now() + TIMEOUT
      while (awaited.size > 0 && !wrong && performance.now() < deadline) await delay(1)
      if (wrong) throw new Error(`a reply of ${wrong.byteLength} bytes is none of the datagrams in flight`)
      if (awaited.size > 0) throw new Error(`${awaited.size} of ${load.window} datagrams did not come back`)
    }
  } finally {
    socket.close()
  }
}
