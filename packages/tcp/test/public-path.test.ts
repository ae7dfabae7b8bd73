import { BaseServer, CONNECTION_OPTIONS, type Connection, resolveOptions, SERVER_OPTIONS, systemClock } from '@millrace/core'
import { describeConnection, type PairLimits } from '@millrace/core/testing'
import { describe, test } from 'vitest'
import { authority, server as credentials } from '../../../test/support/certificates.ts'
import { Handshakes } from '../src/tls/handshakes.ts'
import { connectTcp, type TlsServerOptions } from '../src/index.ts'
import { TcpListener } from '../src/server/tcp-listener.ts'
import { toTlsEngine } from '../src/tls/tls-options.ts'
import { expectNothingLeft } from './support.ts'

expectNothingLeft()

/** A server as it is where Node's handles are not what they were: it reads by `data` events, as a client does. */
async function ends(given: Partial<PairLimits>, tls?: TlsServerOptions) {
  const limits = {
    ...resolveOptions('test', { ...SERVER_OPTIONS, ...CONNECTION_OPTIONS }, given),
    idleTimeout: 0,
    writeTimeout: 0,
  }
  const engine = tls && toTlsEngine('test', tls)
  const handshakes = engine && new Handshakes(engine)
  const init = { limits, clock: systemClock, noDelay: true, keepAlive: false, keepAliveInitialDelay: 0, handshakes }
  const listener = new TcpListener(init, { binding: () => undefined, choose: async () => ({ reason: 'not wanted here' }) })
  const server = new BaseServer<Connection, object>({ listener, pipeline: undefined, container: undefined, limits })
  await server.listen({})
  const accepted = server[Symbol.asyncIterator]().next()
  const secured = tls && { tls: { ca: authority } }
  const remote = await connectTcp({ port: server.address?.port, ...given, idleTimeout: 0, writeTimeout: 0, ...secured })
  return { local: (await accepted).value as Connection, remote, dispose: () => server.close() }
}

describeConnection("the server's end of a TCP connection by public interfaces alone", ends, { describe, test })

describeConnection("the server's end of a TLS connection by public interfaces alone", (given) => ends(given, credentials), {
  describe,
  test,
})
