import type { AddressInfo, Server } from 'node:net'
import type { Listening } from './peer.ts'

/** Listens on 127.0.0.1, on a port of the system's choice. */
export async function listenNet(server: Server): Promise<Listening> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen({ port: 0, host: '127.0.0.1' }, resolve)
  })
  return { port: (server.address() as AddressInfo).port }
}
