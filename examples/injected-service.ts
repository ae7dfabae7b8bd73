// A plugin of your own as a class, with a service injected into it: a test, or another program, registers another one.
import { text } from 'node:stream/consumers'
import * as m from 'millrace'

interface Directory {
  nameOf(address: string): string
}
const DIRECTORY = m.token<Directory>('example/directory')

@m.injectable()
class Greeting implements m.Plugin<Uint8Array, Uint8Array, Uint8Array, Uint8Array> {
  readonly name = 'greeting'
  readonly #directory: Directory

  constructor(@m.inject(DIRECTORY) directory: Directory) {
    this.#directory = directory
  }

  open({ connection, emitOutbound }: m.PluginContext): m.Stages<Uint8Array, Uint8Array, Uint8Array, Uint8Array> {
    emitOutbound(Buffer.from(`welcome, ${this.#directory.nameOf(connection.remoteAddress.address)}: `))
    return {}
  }
}

const container = m.createContainer()
container.register(DIRECTORY, { useValue: { nameOf: (address: string) => `traveller from ${address}` } })

const server = await m.createTcpServer(m.pipeline(m.use(Greeting), m.echo()), { container }).listen({ port: 0 })
const client = await m.connectTcp({ port: server.address?.port })
client.write(Buffer.from('thank you'))
await client.closeWrite()
console.log(await text(client))
await server.close()
