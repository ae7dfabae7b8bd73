import { setTimeout as delay } from 'node:timers/promises'
import type { CloseInfo, Duplex } from '@millrace/core'
import type { Input } from './input.ts'
import type { Stdio } from './stdio.ts'

/** A connection of bytes, seen through a pipeline or not. */
export type ByteDuplex = Duplex<Uint8Array, Uint8Array>

/** In milliseconds: stdin that has had nothing for this long is waited for no more once the peer has ended. */
const QUIET = 200

/**
 * Joins a stream connection to stdin and stdout until the peer has ended. The end of stdin half-closes. What stdin still has to give
 * when the peer ends goes out before the connection is closed.
 */
export async function relayStream(connection: ByteDuplex, input: Input, { items, write }: Stdio): Promise<CloseInfo> {
  let sending = true
  const sent = connection.sink(items)
  void sent.catch(() => {}).finally(() => (sending = false))
  const ended = await receive(connection, write)
  while (ended && sending && input.silence < QUIET) await delay(QUIET - input.silence)
  void connection.close()
  return connection.closed
}

/**
 * Joins a datagram connection to stdin and stdout: each item of stdin is a datagram.
 *
 * @param wait - in milliseconds: how long the peer must be silent, once stdin has ended, to be taken for done.
 */
export async function relayDatagrams(connection: ByteDuplex, { items, write }: Stdio, wait: number): Promise<CloseInfo> {
  let heardAt = performance.now()
  const received = receive(connection, (datagram) => {
    heardAt = performance.now()
    return write(datagram)
  })
  const sent = connection.sink(items).catch(() => {})
  await Promise.race([sent, connection.closed])
  heardAt = performance.now()
  await Promise.race([untilSilent(() => heardAt + wait), connection.closed])
  void connection.close()
  await received
  return connection.closed
}

/** @returns whether the peer ended it; otherwise `closed` tells what did. */
async function receive(connection: ByteDuplex, write: (chunk: Uint8Array) => Promise<void>): Promise<boolean> {
  try {
    for await (const chunk of connection) await write(chunk)
    return true
  } catch {
    return false
  }
}

async function untilSilent(deadline: () => number): Promise<void> {
  for (let rest = deadline() - performance.now(); rest > 0; rest = deadline() - performance.now()) await delay(rest)
}
