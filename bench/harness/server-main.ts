// The process of one peer: `node server-main.js NAME`.
import { isPeerName, peers } from '../peers/index.ts'
import { answerCalls } from './answer-calls.ts'
import type { ServerCalls } from './calls.ts'

const name = process.argv[2] ?? ''

answerCalls<ServerCalls>({
  async listen() {
    if (!isPeerName(name)) throw new Error(`unknown peer "${name}"`)
    const peer = await peers[name]()
    return peer.listen()
  },
  async cpu() {
    const { user, system } = process.cpuUsage()
    return user + system
  },
})
