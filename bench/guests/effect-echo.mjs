// Echo through Effect's socket server: its reader's batches into its writer.
import * as NodeSocketServer from '@effect/platform-node/NodeSocketServer'
import { Effect } from 'effect'
import { announce } from './announce.mjs'

const serve = (socket) => Effect.gen(function* () {
  const writer = yield* socket.writer
  const { pull } = yield* socket.reader
  for (;;) yield* writer.writeAll(yield* pull)
}).pipe(Effect.scoped, Effect.ignore)

const main = Effect.gen(function* () {
  const server = yield* NodeSocketServer.make({ port: 0, host: '127.0.0.1', noDelay: true })
  announce(server.address.port)
  yield* server.run(serve)
}).pipe(Effect.scoped)

await Effect.runPromise(main)
