import { type ChildProcessWithoutNullStreams, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach, expect } from 'vitest'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const running = new Set<Command>()

afterEach(async () => {
  for (const command of running) {
    command.process.kill('SIGKILL')
    await command.ended
  }
})

/** A file of `test/fixtures`. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))
}

/** How a command ended. */
export interface Outcome {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** How a {@link Command} is joined to its test. */
export interface CommandOptions {
  /** Whether its stdout is collected; otherwise the test reads it, or does not. */
  readonly read?: boolean
  /** A file descriptor to be its stdin, in place of a pipe. */
  readonly stdin?: number
}

/** The command `millrace` as a child process, killed when its test has ended. */
export class Command {
  readonly process: ChildProcessWithoutNullStreams
  readonly ended: Promise<Outcome>
  #stdout = ''
  #stderr = ''

  constructor(args: readonly string[], { read = true, stdin }: CommandOptions = {}) {
    const node = ['--import', 'tsx', '--conditions=@millrace/source', MAIN]
    const options = { stdio: [stdin ?? 'pipe', 'pipe', 'pipe'] } satisfies SpawnOptions
    this.process = spawn(process.execPath, [...node, ...args], options) as ChildProcessWithoutNullStreams
    this.process.stderr.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text))
    if (read) this.process.stdout.on('data', (chunk: Buffer) => (this.#stdout += chunk.toString('latin1')))
    this.process.stdin?.on('error', () => {})
    running.add(this)
    this.ended = once(this.process, 'close').then(([code, signal]) => {
      running.delete(this)
      return { code: code as number, signal: signal as NodeJS.Signals, stdout: this.#stdout, stderr: this.#stderr }
    })
  }

  /** Every byte as one character. */
  get stdout(): string {
    return this.#stdout
  }

  get stderr(): string {
    return this.#stderr
  }

  /** The lines of stderr, which are JSON. */
  get log(): Record<string, unknown>[] {
    return this.#stderr.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Record<string, unknown>]))
  }

  /** Waits until stdout has a text. */
  async waitFor(what: string | RegExp, from: 'stdout' | 'stderr' = 'stdout'): Promise<void> {
    await expect.poll(() => this[from], { timeout: 15_000, interval: 10 }).toMatch(what)
  }

  kill(signal: NodeJS.Signals): void {
    this.process.kill(signal)
  }
}

/** Runs a command to its end. */
export function run(args: readonly string[], stdin: string | Uint8Array = ''): Promise<Outcome> {
  const command = new Command(args)
  command.process.stdin.end(stdin)
  return command.ended
}

/** A `millrace serve` that listens. */
export interface Serve extends Command {
  readonly tcp: number
  readonly udp: number
}

/** Starts `millrace serve` and waits until it listens everywhere. */
export async function startServe(args: readonly string[], listeners = 1): Promise<Serve> {
  const command = new Command(['serve', ...args])
  await expect.poll(() => command.stdout.split('\n').length, { timeout: 15_000, interval: 10 }).toBe(listeners + 1)
  const port = (kind: string): number => Number(new RegExp(`^listening ${kind} .*:(\\d+)$`, 'm').exec(command.stdout)?.[1])
  return Object.assign(command, { tcp: port('tcp'), udp: port('udp') })
}
