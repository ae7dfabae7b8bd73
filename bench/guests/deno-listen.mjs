// Echo with Deno's own sockets: read into one buffer for each connection, write it whole.
import { announce } from './announce.mjs'

async function serve(connection) {
  connection.setNoDelay(true)
  const buffer = new Uint8Array(64 * 1024)
  for (let read = await connection.read(buffer); read !== null; read = await connection.read(buffer)) {
    for (let at = 0; at < read; ) at += await connection.write(buffer.subarray(at, read))
  }
  await connection.closeWrite()
  connection.close()
}

const listener = Deno.listen({ hostname: '127.0.0.1', port: 0 })
announce(listener.addr.port)
for await (const connection of listener) serve(connection).catch(() => {})
