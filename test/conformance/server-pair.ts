import type { Connection, Server } from '@millrace/core'
import type { TestedPair } from '@millrace/core/testing'

/** Both ends of one connection between a server and its client. */
export interface Ends {
  readonly client: Connection
  readonly server: Connection
  readonly dispose: () => Promise<void>
}

/** The next connection that a server without a pipeline accepts. */
export async function accepted<C extends Connection>(server: Server<C, never>): Promise<C> {
  for await (const connection of server) return connection
  throw new Error('the server has ended')
}

/** The promises of a connection are checked at either end: which of the two is local, and how the test is called. */
export const SIDES: readonly (readonly [side: string, pair: (ends: Ends) => TestedPair])[] = [
  ['client', ({ client, server, dispose }) => ({ local: client, remote: server, dispose })],
  ['server', ({ client, server, dispose }) => ({ local: server, remote: client, dispose })],
]
