import type { AddressInfo, Server } from 'node:net'

/** Listens on a port of the system's choice. @returns the port. */
export async function listenNet(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen({ port: 0, host: '127.0.0.1' }, resolve)
  })
  return (server.address() as AddressInfo).port
}
