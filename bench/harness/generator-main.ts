// The load generator's process. It imports nothing of ours and of no peer's: sockets of Node's, and counting.
import type { ClosedLoop } from '../load/closed-loop.ts'
import { openTcpLoop } from '../load/tcp-loop.ts'
import { openUdpLoop } from '../load/udp-loop.ts'
import { verifyTcp } from '../load/verify-tcp.ts'
import { verifyUdp } from '../load/verify-udp.ts'
import { answerCalls } from './answer-calls.ts'
import type { GeneratorCalls } from './calls.ts'

const loops: Map<number, ClosedLoop> = new Map()

answerCalls<GeneratorCalls>({
  verify: (port, load) => (load.transport === 'tcp' ? verifyTcp(port, load) : verifyUdp(port, load)),
  async open(port, load) {
    loops.set(port, await (load.transport === 'tcp' ? openTcpLoop(port, load) : openUdpLoop(port, load)))
  },
  run(port, duration) {
    const loop = loops.get(port)
    return loop ? loop.run(duration) : Promise.reject(new Error(`no loop with port ${port} is open`))
  },
})
