// The transport of libp2p without what stands above it: no encryption, no multiplexer.
import { defaultLogger } from '@libp2p/logger'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { announce } from './announce.mjs'

/** @param {(connection: import('@libp2p/interface').MultiaddrConnection) => void} serve */
export async function listenLibp2p(serve) {
  const upgrader = { upgradeInbound: async (connection) => serve(connection) }
  const listener = tcp()({ logger: defaultLogger() }).createListener({ upgrader })
  await listener.listen(multiaddr('/ip4/127.0.0.1/tcp/0'))
  announce(Number(listener.getAddrs()[0].toString().split('/').at(-1)))
}
