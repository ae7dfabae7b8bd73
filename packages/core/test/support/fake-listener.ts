import {
  type AbortOptions,
  type Acceptor,
  type BaseConnection,
  type Listener,
  type SocketAddress,
} from '../../src/index.ts'
import { connectionPair, VirtualClock } from '../../src/testing/index.ts'

/** A listener whose connections are made by hand, in memory. */
export class FakeListener implements Listener<AbortOptions> {
  readonly transport = 'memory'
  readonly clock: VirtualClock = new VirtualClock()
  readonly calls: string[] = []
  /** What `listen` is to fail with. */
  failure: Error | undefined
  #acceptor: Acceptor | undefined

  listen(_options: AbortOptions, acceptor: Acceptor): Promise<SocketAddress> {
    this.calls.push('listen')
    if (this.failure) return Promise.reject(this.failure)
    this.#acceptor = acceptor
    return Promise.resolve({ address: 'memory', port: 1, family: 'memory' })
  }

  stopAccepting(): void {
    this.calls.push('stopAccepting')
  }

  close(): Promise<void> {
    this.calls.push('close')
    return Promise.resolve()
  }

  /** A client connects. @returns its end, and that of the server where it was let in. */
  connect(): { readonly client: BaseConnection; readonly accepted: BaseConnection | undefined } {
    const [client, server] = connectionPair({ clock: this.clock })
    if (this.#acceptor?.accept(server)) return { client, accepted: server }
    server.abort()
    return { client, accepted: undefined }
  }
}
