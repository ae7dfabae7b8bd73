import { channel } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Listening } from './peer.ts'

/** As much of a Millrace server as is asked here. */
interface Listenable {
  readonly address: { readonly port: number } | undefined
  readonly events$: { subscribe(next: (event: { readonly type: string }) => void): { unsubscribe(): void } }
  listen(options: { readonly port: number }): Promise<unknown>
}

/** What a server says that has more than one driver to choose from. */
interface DriverChosen {
  readonly type: 'driver-chosen'
  readonly transport: string
  readonly driver: string
  readonly reason?: string
}

/**
 * Listens with one of our servers, and tells by which driver: the one that its `driver-chosen` event names, `node` without such an
 * event; and for `node` over TCP the path as well: `handles` where accepted connections are taken as Node's internal handles,
 * `public` where as its sockets.
 *
 * @param wanted - the driver it must be. @throws where it is another, with the reason.
 */
export async function listenOn(server: Listenable, wanted?: string): Promise<Listening> {
  let chosen: DriverChosen | undefined
  const isChoice = (event: { readonly type: string }): event is DriverChosen => event.type === 'driver-chosen'
  const watching = server.events$.subscribe((event) => {
    if (isChoice(event)) chosen = event
  })
  await server.listen({ port: 0 })
  watching.unsubscribe()
  const { driver, reason = 'there is no other' } = chosen ?? { driver: 'node' }
  if (wanted !== undefined && driver !== wanted) throw new Error(`not on the ${wanted} driver but on ${driver}: ${reason}`)
  if (server.address === undefined) throw new Error('the server does not listen')
  const { port } = server.address
  const path = driver === 'node' && chosen?.transport !== 'udp' ? await pathOf(port) : undefined
  return { port, driver: path === undefined ? driver : `${driver}, ${path}` }
}

/**
 * How a TCP server of this process takes a connection: of each that it makes a socket of, Node tells the channel
 * `net.server.socket`.
 *
 * @returns undefined where nobody listens on that port over TCP.
 * @see {@link https://nodejs.org/docs/latest-v20.x/api/diagnostics_channel.html#built-in-channels | built-in channels}
 */
async function pathOf(port: number): Promise<'handles' | 'public' | undefined> {
  const made = channel('net.server.socket')
  let path: 'handles' | 'public' = 'handles'
  const onSocket = (): void => void (path = 'public')
  made.subscribe(onSocket)
  const socket = connect({ port, host: '127.0.0.1' })
  try {
    await once(socket, 'connect')
    // It has been accepted when the server ends its side in turn: every one of these echoes.
    socket.resume().end()
    await once(socket, 'close')
    return path
  } catch {
    return undefined
  } finally {
    socket.destroy()
    made.unsubscribe(onSocket)
  }
}
