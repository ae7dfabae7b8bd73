import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { compiled } from '../harness/native.ts'
import type { Load } from '../workloads/workload.ts'
import { type ClosedLoop, OPENING, type Outcome, untilDone } from './closed-loop.ts'
import { exchangeOf } from './payload.ts'

/**
 * A loop that a program of `native/` runs: it keeps a server busier than Node can, so that what a server does for many
 * messages at once shows; beside a generator in Node a C echo has one datagram to a batch.
 *
 * @throws where there is no C compiler.
 */
export function openNativeLoop(port: number, load: Load): Promise<ClosedLoop> {
  return load.transport === 'udp' ? openUdp(port, load) : openTcp(port, load)
}

/** It compares every reply with what the peer it came to has sent, from the first one on, one of each peer. */
function openUdp(port: number, { pace, connections, window, size }: Load): Promise<ClosedLoop> {
  const inFlight = pace === 'crowd' ? window : connections * window
  return start('udp-crowd', [port, connections, inFlight, size])
}

function openTcp(port: number, load: Load): Promise<ClosedLoop> {
  const { pace, connections } = load
  const window = pace === 'steady' ? load.window : 1
  const { sent, expected } = exchangeOf(load, window)
  const crowd = pace === 'crowd' ? Math.min(load.window, connections) : 0
  const args = [port, connections, window, sent.byteLength / window, expected.byteLength / window, crowd]
  return start(pace === 'reconnect' ? 'tcp-reconnect' : 'tcp-steady', args, sent)
}

async function start(program: string, args: readonly number[], messages?: Buffer): Promise<ClosedLoop> {
  const child = spawn(compiled(program), args.map(String), { stdio: ['pipe', 'pipe', 'pipe'] })
  const failed = new AbortController()
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  child.on('error', (error) => failed.abort(error))
  child.on('close', (code, signal) => failed.abort(new Error(said.trim() || `${program} ended with ${signal ?? code}`)))
  child.stdin.on('error', () => {})
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const next = async (duration: number): Promise<Outcome> => {
    const { value } = await untilDone(lines.next(), failed.signal, duration)
    // Its end is told a moment later, with what it said.
    if (value === undefined) return untilDone(new Promise<never>(() => {}), failed.signal)
    return JSON.parse(value) as Outcome
  }
  if (messages !== undefined) child.stdin.write(messages)
  await next(OPENING)
  return {
    run(duration) {
      child.stdin.write(`run ${duration}\n`)
      return next(duration)
    },
    close() {
      child.stdin.end()
    },
  }
}
