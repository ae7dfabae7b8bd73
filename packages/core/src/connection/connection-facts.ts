import { connectionId, nextConnectionNumber } from './connection-id.ts'
import type { ConnectionInit } from './connection-init.ts'
import type { Transport } from './connection.ts'
import { DuplexFaces } from './duplex-faces.ts'
import type { SocketAddress } from './socket-address.ts'
import type { TlsInfo } from './tls-info.ts'

/** What stays as it is for the life of a connection: who is connected with whom, by what. Only TLS may come in later. */
export abstract class ConnectionFacts extends DuplexFaces<Uint8Array, Uint8Array> {
  readonly transport: Transport
  readonly datagram: boolean
  readonly localAddress: SocketAddress
  readonly remoteAddress: SocketAddress
  tls: TlsInfo | undefined
  readonly #number: number = nextConnectionNumber()

  constructor({ transport, datagram = false, localAddress, remoteAddress, tls }: ConnectionInit) {
    super()
    this.transport = transport
    this.datagram = datagram
    this.localAddress = localAddress
    this.remoteAddress = remoteAddress
    this.tls = tls
  }

  get id(): string {
    return connectionId(this.transport, this.#number)
  }
}
