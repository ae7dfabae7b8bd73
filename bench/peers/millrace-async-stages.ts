import { createTcpServer, definePlugin, echo, formatAddress, pipeline } from 'millrace'
import { chunk64, logger, upperCase } from './generators.ts'
import { listenOn } from './listening.ts'
import type { Peer } from './peer.ts'

const asyncLog = definePlugin({
  name: 'async-log',
  open({ connection: { id, remoteAddress } }) {
    const address = formatAddress(remoteAddress)
    return { inbound: logger(id, address, 'inbound'), outbound: logger(id, address, 'outbound') }
  },
})
const asyncChunk = definePlugin({ name: 'async-chunk', open: () => ({ inbound: chunk64 }) })
const asyncUpper = definePlugin({ name: 'async-upper', open: () => ({ inbound: upperCase }) })

/** The very generators of the it-pipe chain, as the async stages of a pipeline. */
export const millraceAsyncStages: Peer = {
  about: 'the four generators of the it-pipe chain as `AsyncStage`s in `pipeline(..., echo())`',
  async listen() {
    const shout = pipeline(asyncLog(), asyncChunk(), asyncUpper(), echo())
    return listenOn(createTcpServer(shout))
  },
}
