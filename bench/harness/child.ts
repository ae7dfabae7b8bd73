import { type ChildProcess, spawn } from 'node:child_process'
import path from 'node:path'
import type { Calls, Reply, Request } from './calls.ts'
import type { Core } from './cores.ts'

/** The longest that any call may take, in milliseconds: a bench that hangs says where. */
const CALL_TIMEOUT = 90_000
/** How long a process is given to end by itself, in milliseconds. */
const EXIT_TIMEOUT = 5_000

interface Waiting {
  resolve(value: unknown): void
  reject(error: Error): void
}

/** A process of ours, and the calls that it answers. */
export class Child<T extends Calls<T>> {
  readonly #process: ChildProcess
  readonly #waiting: Map<number, Waiting> = new Map()
  readonly #name: string
  #calls = 0
  #gone: Error | undefined

  /**
   * @param file - a module that answers calls.
   * @param core - the processor it keeps to, where the system can be told.
   */
  constructor(file: string, core: Core) {
    this.#name = path.basename(file, '.js')
    const [command, ...args] = [...core.prefix, process.execPath, file]
    this.#process = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    this.#process.on('message', (reply: Reply) => this.#settle(reply))
    this.#process.on('error', (error) => this.#fail(error))
    this.#process.on('exit', (code, signal) => this.#fail(new Error(`${this.#name} ended with ${signal ?? code}`)))
  }

  /** @throws what the call threw; or when the process ends, or does not answer in time. */
  call<K extends keyof T & string>(call: K, ...args: Parameters<T[K]>): Promise<Awaited<ReturnType<T[K]>>> {
    if (this.#gone) return Promise.reject(this.#gone)
    const request: Request = { id: ++this.#calls, call, args }
    return new Promise((resolve, reject) => {
      const late = new Error(`${this.#name}: no answer to ${call} within ${CALL_TIMEOUT} ms`)
      const timer = setTimeout(() => this.#settleWith(request.id, (waiting) => waiting.reject(late)), CALL_TIMEOUT)
      this.#waiting.set(request.id, {
        resolve(value) {
          clearTimeout(timer)
          resolve(value as Awaited<ReturnType<T[K]>>)
        },
        reject(error) {
          clearTimeout(timer)
          reject(error)
        },
      })
      this.#process.send(request)
    })
  }

  /** Ends the process, which ends by itself when the channel does, and waits until it is gone. Idempotent. */
  async close(): Promise<void> {
    if (this.#gone) return
    const gone = new Promise((resolve) => this.#process.once('exit', resolve))
    if (this.#process.connected) this.#process.disconnect()
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), EXIT_TIMEOUT)
    await gone
    clearTimeout(timer)
  }

  #settle(reply: Reply): void {
    this.#settleWith(reply.id, (waiting) => {
      if ('error' in reply) waiting.reject(new Error(reply.error))
      else waiting.resolve(reply.value)
    })
  }

  #settleWith(id: number, settle: (waiting: Waiting) => void): void {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (waiting) settle(waiting)
  }

  #fail(error: Error): void {
    this.#gone ??= error
    for (const id of [...this.#waiting.keys()]) this.#settleWith(id, (waiting) => waiting.reject(error))
  }
}
