import { afterEach, expect } from 'vitest'
import { setImmediate as turn } from 'node:timers/promises'

/** A way to fail: throws, or returns a promise that rejects as an async function would. */
export interface Failure {
  readonly name: string
  readonly fail: () => unknown
  /** What it throws or rejects with. */
  readonly reason: unknown
}

const thrown = (name: string, reason: unknown): Failure => ({
  name,
  reason,
  fail: () => {
    throw reason
  },
})
const late = new Error('rejected')

export const failures: readonly Failure[] = [
  thrown('an Error', new Error('boom')),
  thrown('undefined', undefined),
  thrown('null', null),
  thrown('a frozen object', Object.freeze({ code: 'FROZEN' })),
  // Made when it is asked for: nobody has handled it by then.
  { name: 'a rejected promise', reason: late, fail: () => Promise.reject(late) },
]

/** After each test: nothing has reached the process, neither an error that nobody took nor a warning. */
export function expectQuietProcess(): void {
  const problems: unknown[] = []
  for (const event of ['unhandledRejection', 'uncaughtException', 'warning']) {
    process.on(event, (problem: unknown) => problems.push([event, problem]))
  }
  afterEach(async () => {
    // Node tells of a rejection at the end of the turn in which nobody took it.
    await turn()
    expect(problems.splice(0)).toEqual([])
  })
}
