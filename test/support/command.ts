import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { vi } from 'vitest'

const MAIN = fileURLToPath(new URL('../../packages/millrace/src/cli/main.ts', import.meta.url))

/** The command `millrace`, from source, as a process of its own. */
export class Command {
  readonly process: ChildProcessWithoutNullStreams
  readonly #exited: Promise<number | null>
  #stdout = ''
  #stderr = ''

  constructor(...args: readonly string[]) {
    this.process = spawn(process.execPath, ['--import', 'tsx', '--conditions=@millrace/source', MAIN, ...args])
    this.process.stdout.setEncoding('latin1').on('data', (text: string) => (this.#stdout += text))
    this.process.stderr.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text))
    this.process.stdin.on('error', () => {})
    this.#exited = once(this.process, 'close').then(([code]) => code as number | null)
  }

  /** One character for each byte. */
  get stdout(): string {
    return this.#stdout
  }

  get stderr(): string {
    return this.#stderr
  }

  /** Its exit code, when it has ended by itself. */
  get exited(): Promise<number | null> {
    return this.#exited
  }

  /** The port on which `serve` listens for a kind. Waits for its line. */
  async port(kind: 'tcp' | 'udp'): Promise<number> {
    const line = new RegExp(`^listening ${kind} .*:(\\d+)$`, 'm')
    await vi.waitFor(
      () => {
        if (this.process.exitCode !== null) throw new Error(`it has ended: ${this.#stderr}`)
        if (!line.test(this.#stdout)) throw new Error('it does not listen yet')
      },
      { timeout: 15_000, interval: 10 },
    )
    return Number(line.exec(this.#stdout)?.[1])
  }

  /** Ends it, if it has not ended by itself. */
  async kill(): Promise<void> {
    this.process.kill('SIGKILL')
    await this.#exited
  }
}
