import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** A TypeScript file as a process of its own, from source, and questions to it. */
export class Child {
  readonly process: ChildProcess
  readonly #output: string[] = []

  /**
   * @param file - the file's URL.
   * @param nodeOptions - such as `--expose-gc`.
   */
  constructor(file: URL, args: readonly string[] = [], nodeOptions: readonly string[] = []) {
    const execArgv = ['--import', 'tsx', '--conditions=@millrace/source', ...nodeOptions]
    this.process = fork(fileURLToPath(file), args, { execArgv, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => this.#output.push(text))
    }
  }

  /** What it has written. */
  get output(): string {
    return this.#output.join('')
  }

  /** Its next message. @throws with what it has written, where it ends instead. */
  async next<T>(): Promise<T> {
    const gone = new AbortController()
    const onExit = (code: number | null): void => gone.abort(new Error(`the child has ended (${code}): ${this.output}`))
    this.process.once('exit', onExit)
    try {
      const [message] = (await once(this.process, 'message', { signal: gone.signal })) as [T]
      return message
    } catch (error) {
      throw gone.signal.aborted ? gone.signal.reason : error
    } finally {
      this.process.off('exit', onExit)
    }
  }

  /** Sends a question; its next message is the answer. */
  ask<T>(question: string): Promise<T> {
    const answer = this.next<T>()
    this.process.send(question)
    return answer
  }

  /** Resolves with its exit code, once it has ended by itself. */
  async exited(): Promise<number | null> {
    if (this.process.exitCode === null && this.process.signalCode === null) await once(this.process, 'exit')
    return this.process.exitCode
  }

  async kill(): Promise<void> {
    this.process.kill('SIGKILL')
    await this.exited()
  }
}
