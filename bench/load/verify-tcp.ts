import type { Socket } from 'node:net'
import { addAbortSignal } from 'node:stream'
import type { Load } from '../workloads/workload.ts'
import { dial } from './dial.ts'
import { exchangeOf, mulberry32 } from './payload.ts'

/** Messages per connection. */
const MESSAGES = 1024
/** Per connection, in bytes, however large a message is. */
const MOST_BYTES = 1024 * 1024
/** Of all of it, in milliseconds. */
const TIMEOUT = 20_000
const MOST_CONNECTIONS = 4

/** What else a verification is told. */
export interface VerifyOptions {
  /** End this side before the replies are all there; else after. */
  readonly halfClose: boolean
}

/**
 * Sends known bytes over several connections at once, in writes of random sizes, half-closes where the server can take
 * that, and compares every byte that comes back up to the server's end.
 *
 * @throws where a byte differs, is missing or is too many, or where the server does not end in time.
 */
export async function verifyTcp(port: number, load: Load, options: VerifyOptions): Promise<void> {
  const seeds = Array.from({ length: Math.min(load.connections, MOST_CONNECTIONS) }, (_, index) => index + 1)
  await Promise.all(seeds.map((seed) => verifyConnection(port, load, options, seed)))
}

async function verifyConnection(
  port: number,
  load: Load,
  { halfClose }: VerifyOptions,
  seed: number,
): Promise<void> {
  const messages = Math.min(MESSAGES, Math.ceil(MOST_BYTES / load.size))
  const { sent, expected } = exchangeOf(load, messages, seed)
  const socket = dial(port, { tls: load.tls !== undefined, allowHalfOpen: true })
  addAbortSignal(AbortSignal.timeout(TIMEOUT), socket)
  let received = 0
  const echoed = new Promise<void>((resolve, reject) => {
    socket.on('error', reject)
    socket.on('data', (chunk: Buffer) => {
      const equal = chunk.equals(expected.subarray(received, received + chunk.byteLength))
      if (!equal) reject(new Error(`wrong bytes in the ${chunk.byteLength} from byte ${received} on`))
      received += chunk.byteLength
      if (!halfClose && received >= expected.byteLength) socket.end()
    })
    socket.on('end', () => {
      if (received === expected.byteLength) resolve()
      else reject(new Error(`${received} of ${expected.byteLength} bytes came back`))
    })
  })
  const random = mulberry32(seed)
  const writing = (async () => {
    for (let at = 0; at < sent.byteLength; ) {
      const next = Math.min(sent.byteLength, at + 1 + Math.floor(random() * 2 * load.size))
      const writable = socket.write(sent.subarray(at, next))
      if (!writable) await untilWritable(socket)
      at = socket.destroyed ? sent.byteLength : next
    }
    if (halfClose) socket.end()
  })()
  try {
    await Promise.all([echoed, writing])
  } finally {
    socket.destroy()
  }
}

/** Or closed. */
function untilWritable(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const onEither = (): void => {
      socket.off('drain', onEither).off('close', onEither)
      resolve()
    }
    socket.on('drain', onEither).on('close', onEither)
    if (socket.destroyed) onEither()
  })
}
