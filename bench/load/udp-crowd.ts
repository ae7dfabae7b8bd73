import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { compiled } from '../harness/native.ts'
import type { Load } from '../workloads/workload.ts'
import { type ClosedLoop, OPENING, type Outcome, untilDone } from './closed-loop.ts'

/**
 * Peers by the hundred thousand, each with its own address: native/udp-crowd.c plays them all from one socket, which Node
 * cannot. It compares every reply with what the peer it came to has sent, from the first one on, one of each peer.
 *
 * @throws where there is no C compiler; where a reply is another's, or one of the first does not come back.
 */
export async function openUdpCrowd(port: number, load: Load): Promise<ClosedLoop> {
  const args = [port, load.connections, load.window, load.size].map(String)
  const child = spawn(compiled('udp-crowd'), args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const failed = new AbortController()
  child.on('error', (error) => failed.abort(error))
  child.on('exit', (code, signal) => failed.abort(new Error(`udp-crowd ended with ${signal ?? code}`)))
  child.stdin.on('error', () => {})
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const next = async (duration: number): Promise<Outcome> => {
    const { value } = await untilDone(lines.next(), failed.signal, duration)
    if (value === undefined) throw new Error('udp-crowd ended')
    return JSON.parse(value) as Outcome
  }
  await next(OPENING)
  return {
    run(duration) {
      child.stdin.write(`run ${duration}\n`)
      return next(duration)
    },
  }
}
