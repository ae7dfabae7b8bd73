// Echo in the `message` event of a libp2p connection, paused until `drain` where its `send` says so.
import { listenLibp2p } from './libp2p-listen.mjs'

await listenLibp2p((connection) => {
  connection.addEventListener('message', ({ data }) => {
    if (!connection.send(data)) connection.pause()
  })
  connection.addEventListener('drain', () => connection.resume())
})
