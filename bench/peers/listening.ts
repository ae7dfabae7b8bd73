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
  readonly driver: string
  readonly reason?: string
}

/**
 * Listens with one of our servers, and tells by which driver: the one that its `driver-chosen` event names; without such
 * an event it is `node`, as there was nothing to choose.
 *
 * @param wanted - the driver it must be. @throws where it is another, with the reason.
 */
export async function listenOn(server: Listenable, wanted?: string): Promise<Listening> {
  let chosen: DriverChosen = { type: 'driver-chosen', driver: 'node' }
  const isChoice = (event: { readonly type: string }): event is DriverChosen => event.type === 'driver-chosen'
  const watching = server.events$.subscribe((event) => {
    if (isChoice(event)) chosen = event
  })
  await server.listen({ port: 0 })
  watching.unsubscribe()
  const { driver, reason = 'there is no other' } = chosen
  if (wanted !== undefined && driver !== wanted) throw new Error(`not on the ${wanted} driver but on ${driver}: ${reason}`)
  if (server.address === undefined) throw new Error('the server does not listen')
  return { port: server.address.port, driver }
}
