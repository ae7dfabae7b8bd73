// The load generator's process. It imports nothing of ours and of no peer's: sockets of Node's and counting, or a program
// in C that does both.
import type { ClosedLoop } from '../load/closed-loop.ts'
import { openLoop, verify } from '../load/open.ts'
import { answerCalls } from './answer-calls.ts'
import type { GeneratorCalls } from './calls.ts'

const loops: Map<number, ClosedLoop> = new Map()

answerCalls<GeneratorCalls>({
  verify,
  async open(port, load, language) {
    loops.set(port, await openLoop(port, load, language))
  },
  run(port, duration) {
    const loop = loops.get(port)
    return loop ? loop.run(duration) : Promise.reject(new Error(`no loop with port ${port} is open`))
  },
})
