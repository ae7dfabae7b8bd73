import type { Socket } from 'node:net'
import { dial, type DialOptions } from './dial.ts'

/** Read into one buffer for all connections: the generator only counts, and must not be what limits the server. */
const READ_BUFFER: Buffer = Buffer.allocUnsafe(256 * 1024)

/** As many connections as leave from 127.0.0.1: no server's limit for one address is reached. */
const MOST_FROM_ONE_ADDRESS = 200

/** Connections that are made at once: fewer than any server's backlog. */
const BURST = 100

/** The n-th of 62,500 addresses in 127/8. */
export function sourceAddress(n: number): string {
  return `127.1.${Math.floor(n / 250) % 250}.${1 + (n % 250)}`
}

/** What one connection tells. */
export interface SocketEvents {
  onBytes(bytes: number): void
  /** It ended, or failed. */
  onEnd(error: Error): void
}

/** Connects to a server and counts what comes. */
export function openSocket(port: number, events: SocketEvents, options: Omit<DialOptions, 'onread'>): Socket {
  const callback = (bytes: number): boolean => {
    events.onBytes(bytes)
    return true
  }
  const socket = dial(port, { ...options, onread: { buffer: READ_BUFFER, callback } })
  socket.on('error', (error) => events.onEnd(error))
  socket.on('end', () => events.onEnd(new Error('the server ended a connection')))
  return socket
}

/** Opens so many connections, a burst at a time. @throws where one cannot be opened. */
export async function openMany<T extends { readonly connected: Promise<void> }>(
  connections: number,
  open: (localAddress: string | undefined) => T,
): Promise<readonly T[]> {
  const opened: T[] = []
  while (opened.length < connections) {
    const first = opened.length
    for (let i = first; i < Math.min(connections, first + BURST); i++) {
      opened.push(open(connections > MOST_FROM_ONE_ADDRESS ? sourceAddress(i) : undefined))
    }
    await Promise.all(opened.slice(first).map(({ connected }) => connected))
  }
  return opened
}
