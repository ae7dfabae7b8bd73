import type { Outcome } from '../load/closed-loop.ts'
import type { GeneratorLanguage } from '../load/open.ts'
import type { VerifyOptions } from '../load/verify-tcp.ts'
import type { Load } from '../workloads/workload.ts'

/** What can be asked of the generator's process. Loops are known by the port of their server. */
export interface GeneratorCalls {
  /** Sends known bytes and compares what comes back. */
  verify(port: number, load: Load, options: VerifyOptions): Promise<void>
  /** Opens the connections of a loop. */
  open(port: number, load: Load, language: GeneratorLanguage): Promise<void>
  /** Runs the loop for so many milliseconds; the server is idle when it resolves. */
  run(port: number, duration: number): Promise<Outcome>
}

/** Calls between processes: named functions of data that Node's channel can carry. */
export type Calls<T> = { [K in keyof T]: (...args: never[]) => Promise<unknown> }

export interface Request {
  readonly id: number
  readonly call: string
  readonly args: readonly unknown[]
}

export type Reply = { readonly id: number; readonly value: unknown } | { readonly id: number; readonly error: string }
