import { createSocket, type RemoteInfo } from 'node:dgram'
import { once } from 'node:events'

/** A UDP socket on loopback that sends wherever it is told, and hears everyone. */
export class RawPeer implements AsyncDisposable {
  readonly #socket = createSocket('udp4')
  readonly #heard: [Buffer, RemoteInfo][] = []
  #wake: (() => void) | undefined

  private constructor() {
    this.#socket.on('message', (data, from) => {
      this.#heard.push([data, from])
      this.#wake?.()
    })
  }

  static async open(): Promise<RawPeer> {
    const peer = new RawPeer()
    peer.#socket.bind(0, '127.0.0.1')
    await once(peer.#socket, 'listening')
    return peer
  }

  send(data: Uint8Array, port: number): void {
    this.#socket.send(data, port, '127.0.0.1')
  }

  /** The next datagram that has come, or comes, and the port that it is from. */
  async next(): Promise<{ readonly data: Buffer; readonly port: number }> {
    while (this.#heard.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve))
    const [data, { port }] = this.#heard.shift() as [Buffer, RemoteInfo]
    return { data, port }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => void this.#socket.close(resolve))
  }
}
