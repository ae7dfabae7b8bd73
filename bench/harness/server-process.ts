import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import type { Announcement, Listening } from '../peers/peer.ts'
import { type PeerName, peers } from '../peers/index.ts'
import { commandLine, type StartOptions } from './command-line.ts'
import type { Core } from './cores.ts'
import { type CpuReading, readCpu, readResident } from './proc.ts'

/** How long a server may take until it listens, in milliseconds. */
const START_TIMEOUT = 20_000
/** How long a process is given to end by itself, in milliseconds. */
const EXIT_TIMEOUT = 5_000
/** How much of what a server says on standard error is kept, in characters: the last of it. */
const MOST_SAID = 2_000

/**
 * The process of one peer's server, whatever it is written in. It prints one line of JSON, `{"port":N}`, when it listens
 * (or `{"missing":"why"}`), and ends when its standard input does; CPU time and memory are read from outside.
 */
export class ServerProcess {
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>
  #said = ''

  /** @throws where what the peer needs is not there. */
  constructor(peer: PeerName, core: Core, options: StartOptions = {}) {
    const [command, ...args] = [...core.prefix, ...commandLine(peer, options)] as [string, ...string[]]
    const env = { ...process.env, ...peers[peer].env }
    this.#process = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env })
    this.#process.on('error', () => {})
    this.#process.stdin.on('error', () => {})
    this.#process.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#said = (this.#said + text).slice(-MOST_SAID)
    })
  }

  /** Resolves when it listens. @throws where it ends before, says why it cannot, or takes too long. */
  async listening(): Promise<Listening> {
    const timeout = AbortSignal.timeout(START_TIMEOUT)
    const lines = createInterface({ input: this.#process.stdout, signal: timeout })
    let announced: Announcement | undefined
    for await (const line of lines) {
      announced = JSON.parse(line) as Announcement
      break
    }
    if (announced === undefined && timeout.aborted) throw new Error(`does not listen within ${START_TIMEOUT} ms`)
    if (announced === undefined) throw new Error(this.#lastWords())
    if ('missing' in announced) throw new Error(announced.missing)
    this.#process.stdout.resume()
    return announced
  }

  cpu(): CpuReading {
    return readCpu(this.#pid)
  }

  /** Resident memory, in bytes. */
  resident(): number {
    return readResident(this.#pid)
  }

  /** Ends the process and waits until it is gone. Idempotent. */
  async close(): Promise<void> {
    const { exitCode, signalCode, pid } = this.#process
    if (pid === undefined || exitCode !== null || signalCode !== null) return
    const gone = once(this.#process, 'exit')
    this.#process.stdin.end()
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), EXIT_TIMEOUT)
    await gone
    clearTimeout(timer)
  }

  get #pid(): number {
    const { pid, exitCode, signalCode } = this.#process
    if (pid === undefined) throw new Error('the server did not start')
    if (exitCode !== null || signalCode !== null) throw new Error(`the server ended with ${signalCode ?? exitCode}`)
    return pid
  }

  /** What an exception says comes before its stack; the last line that is no part of one says most. */
  #lastWords(): string {
    const lines = this.#said.split('\n').filter((line) => /^\S*(Error|error)\b/.test(line))
    return lines.at(-1) ?? (this.#said.trim().split('\n').at(-1) || 'ended before it listened')
  }
}
