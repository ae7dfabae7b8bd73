import type { TLSSocket } from 'node:tls'
import type { Load } from '../workloads/workload.ts'
import { type ClosedLoop, type Outcome, untilDone } from './closed-loop.ts'
import { connected, type DialOptions } from './dial.ts'
import { exchangeOf } from './payload.ts'
import { openSocket, sourceAddress } from './tcp-socket.ts'

/**
 * A loop whose message is a whole connection: connect, send, read the reply, close, and once it is closed on both sides
 * the next. Each leaves from the next address: who closes first keeps its port for a minute, and there are 28,000 of an
 * address.
 */
export async function openTcpReconnect(port: number, load: Load): Promise<ClosedLoop> {
  const { sent, expected } = exchangeOf(load, 1)
  const sessions = load.tls === 'resumed' ? new Sessions() : undefined
  let opened = 0
  const once = (): Promise<void> => {
    const options = { tls: load.tls !== undefined, session: sessions?.last, localAddress: sourceAddress(opened++) }
    return connectOnce(port, { sent, replySize: expected.byteLength, sessions }, options)
  }
  // The first one, which the next resumes.
  if (sessions) await once()
  // Between two turns none is open.
  return { run: (duration) => run(load.connections, duration, once), close() {} }
}

async function run(slots: number, duration: number, once: () => Promise<void>): Promise<Outcome> {
  const end = performance.now() + duration
  let messages = 0
  const slot = async (): Promise<void> => {
    do {
      await once()
      messages++
    } while (performance.now() < end)
  }
  const all = Promise.all(Array.from({ length: slots }, slot))
  await untilDone(all, new AbortController().signal, duration)
  return { messages, lost: 0 }
}

/** What servers gave to resume a session with, and whether they stood by it. */
class Sessions {
  last: Buffer | undefined

  watch(socket: TLSSocket): void {
    const wanted = this.last !== undefined
    socket.on('session', (session) => (this.last = session))
    socket.on('secureConnect', () => {
      if (wanted && !socket.isSessionReused()) socket.destroy(new Error('the server resumed no session'))
    })
  }
}

interface Message {
  readonly sent: Buffer
  readonly replySize: number
  readonly sessions: Sessions | undefined
}

function connectOnce(port: number, { sent, replySize, sessions }: Message, options: DialOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    let received = 0
    const onBytes = (bytes: number): void => {
      received += bytes
      if (received >= replySize) socket.end()
    }
    const onEnd = (error: Error): void => {
      // The server's end, once it has had ours, is how it should end.
      if (received !== replySize) reject(error)
    }
    const socket = openSocket(port, { onBytes, onEnd }, options)
    if (sessions) sessions.watch(socket as TLSSocket)
    connected(socket).then(() => socket.write(sent), reject)
    socket.on('close', (failed) => {
      if (received === replySize && !failed) resolve()
      else reject(new Error(`a connection closed after ${received} of ${replySize} bytes`))
    })
  })
}
