import { createTcpServer, definePlugin, type Emit, pipeline, respond } from 'millrace'
import { answer, type Call, CallReader } from './calls.ts'
import { listenOn } from './listening.ts'
import type { Peer } from './peer.ts'

const calls = definePlugin({
  name: 'calls',
  produces: 'message',
  open() {
    const reader = new CallReader()
    return {
      inbound: {
        push(chunk: Uint8Array, emit: Emit<Call>) {
          for (const call of reader.read(chunk)) emit(call)
        },
      },
      outbound: { push: (call: Call, emit: Emit<Uint8Array>) => emit(answer(call)) },
    }
  },
})

/** The same calls through a codec and `respond`. */
export const millraceCalls: Peer = {
  about: "`pipeline(calls(), respond((call) => call))`, a codec of NestJS's wire format",
  async listen() {
    const served = pipeline(calls(), respond<Call, Call>((call) => call))
    return listenOn(createTcpServer(served))
  },
}
