import type { ServerEvent, ServerEventOf } from '@millrace/core'
import { afterEach, expect, vi } from 'vitest'
import type { TcpServer } from '../src/index.ts'
import { closeSockets, socketResources } from './loopback.ts'

const servers: TcpServer<unknown>[] = []
const warnings: Error[] = []

/** Closes the server after the test. */
export function kept<S extends TcpServer<unknown>>(server: S): S {
  servers.push(server)
  return server
}

/** The events of one type, as they come. */
export function eventsOf<Type extends ServerEvent['type']>(
  server: TcpServer<unknown>,
  type: Type,
): ServerEventOf<Type>[] {
  const seen: ServerEventOf<Type>[] = []
  server.events$.subscribe((event) => {
    if (event.type === type) seen.push(event as ServerEventOf<Type>)
  })
  return seen
}

/** After each test: everything is closed, and neither a socket nor a warning is left. */
export function expectNothingLeft(): void {
  process.on('warning', (warning) => warnings.push(warning))
  afterEach(async () => {
    closeSockets()
    for (const server of servers.splice(0)) {
      server.abort()
      await server.closed
    }
    await vi.waitFor(() => expect(socketResources()).toEqual({}))
    expect(warnings).toEqual([])
  })
}
