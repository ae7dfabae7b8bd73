import { describe, test } from 'vitest'
import { definePlugin, type MessageConnection, pipeline } from '../src/index.ts'
import { buildClientPipeline, runClient } from '../src/pipeline/run-client.ts'
import {
  connectionPair,
  type ConnectionPairOptions,
  describeConnection,
  type TestedPair,
} from '../src/testing/index.ts'

const passing = definePlugin({
  name: 'passing',
  open: () => ({
    inbound: { push: (chunk: Uint8Array, emit) => emit(chunk) },
    outbound: { push: (chunk: Uint8Array, emit) => emit(chunk) },
  }),
})

/** The messages of a client, which are the very bytes. */
function messagePair(options: ConnectionPairOptions): TestedPair {
  const { highWaterMark = 256 * 1024 } = options
  const [connection, remote] = connectionPair(options)
  const built = buildClientPipeline(pipeline(passing()))
  const local = runClient(connection, built, { highWaterMark, maxPushBytes: 2 ** 24 })
  return { local: local as MessageConnection<Uint8Array, Uint8Array>, remote }
}

const inFlight = 256 * 1024

describeConnection('the messages of a stream', messagePair, { describe, test, refusesItems: false, inFlight })
describeConnection('the messages of datagrams', (limits) => messagePair({ ...limits, datagram: true }), {
  describe,
  test,
  refusesItems: false,
  datagram: true,
  noticesEnd: true,
  inFlight,
})
