import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as tlsConnect, type TLSSocket } from 'node:tls'
import { pipeline, type ServerEvent, type ServerEventOf } from '@millrace/core'
import { echo } from '@millrace/plugins'
import { connectTcp, createTcpServer } from '@millrace/tcp'
import { filter, firstValueFrom, map, merge, mergeMap } from 'rxjs'
import { describe, expect, test, vi } from 'vitest'
import { authority, server as credentials } from './support/certificates.ts'

const EACH = 40

/** Where TLS is over a socket, `resetAndDestroy` waits for the end of what is written. */
function resetNow(socket: Socket): void {
  const { _handle: handle } = socket as unknown as { readonly _handle: { reset(callback: () => void): number } }
  expect(handle.reset(() => {})).toBe(0)
}

interface Client {
  readonly beneath: Socket
  readonly secure: () => Promise<TLSSocket>
}

/** Where a connection is reset, and whether the server had it by then. */
const phases: readonly (readonly [name: string, before: (client: Client) => Promise<unknown>])[] = [
  ['before the handshake', async () => {}],
  ['in the middle of the handshake', async ({ beneath }) => beneath.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]))],
  ['after the handshake', ({ secure }) => secure()],
  [
    'in the middle of its writing',
    async ({ secure }) => {
      const socket = await secure()
      socket.write(Buffer.alloc(1024 * 1024))
      await once(socket, 'data')
    },
  ],
  [
    'after its close_notify',
    async ({ secure }) => {
      const socket = await secure()
      socket.end('last words')
      await once(socket, 'finish')
    },
  ],
]

describe('a server over TLS whose clients reset their connections', () => {
  test.each(phases)('%s goes on, and nothing is left of them', async (_, before) => {
    const server = await createTcpServer(pipeline(echo()), { tls: credentials }).listen({ port: 0 })
    const closed: ServerEventOf<'connection-closed'>[] = []
    server.events$.subscribe((event) => void (event.type === 'connection-closed' && closed.push(event)))
    const { port = 0 } = server.address ?? {}
    const one = async (): Promise<void> => {
      const beneath = connect({ port, host: '127.0.0.1' }).on('error', () => {})
      await once(beneath, 'connect')
      const secure = async (): Promise<TLSSocket> => {
        const socket = tlsConnect({ socket: beneath, ca: authority }).on('error', () => {})
        await once(socket, 'secureConnect')
        return socket
      }
      await before({ beneath, secure })
      resetNow(beneath)
    }
    await Promise.all(Array.from({ length: EACH }, one))
    await vi.waitFor(() => expect(server.connections.size).toBe(0), { timeout: 15_000 })
    for (const { error } of closed) if (error) expect(error).toMatchObject({ code: expect.stringMatching(/_(RESET|TRUNCATED)$/) })
    const client = await connectTcp({ port, tls: { ca: authority } })
    client.write(Buffer.from('still there'))
    await client.closeWrite()
    for await (const chunk of client) expect(Buffer.from(chunk).toString()).toBe('still there')
    await server.close()
  })
})

test('a reset that the last words of the handshake meet is told, to a connection that nobody reads, or as a handshake that failed', async () => {
  const server = await createTcpServer(undefined, { tls: credentials }).listen({ port: 0 })
  const beneath = connect({ port: server.address?.port ?? 0, host: '127.0.0.1' }).on('error', () => {})
  await once(beneath, 'connect')
  const secure = tlsConnect({ socket: beneath, ca: authority }).on('error', () => {})
  await once(secure, 'secureConnect')
  const failure = firstValueFrom(
    merge(
      server.connections$.pipe(mergeMap(async ({ closed }) => (await closed).error)),
      // Node 26 finds the reset while it is at the handshake still.
      server.events$.pipe(filter(isRefusal), map(({ error }) => error?.cause)),
    ),
  )
  // The server has not run since: it finds the data, by which it stops reading, and cannot send session tickets any more.
  secure.write('kept')
  resetNow(beneath)
  expect(await failure).toMatchObject({ code: expect.stringMatching(/RESET$/) })
  await server.close()
})

function isRefusal(event: ServerEvent): event is ServerEventOf<'connection-refused'> {
  return event.type === 'connection-refused'
}
