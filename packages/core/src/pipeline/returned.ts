import type { AsyncStage } from './stage.ts'

/**
 * Takes the rejection of a promise that came out of a function which should return nothing: an async function fits such
 * a type, and a rejection that nobody takes ends the process.
 *
 * @returns whether it was a promise.
 */
export function takeRejection(returned: unknown, onRejected: (error: unknown) => void = () => {}): boolean {
  if (!isPromise(returned)) return false
  returned.then(undefined, onRejected)
  return true
}

/** Whether there is something to wait for. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

/** @throws TypeError for a promise, whose rejection is then nobody's: what is asked here is needed at once. */
export function refusePromise(returned: unknown, what: string): void {
  if (takeRejection(returned)) throw new TypeError(`${what} returned a promise: it must be synchronous`)
}

/** What an asynchronous stage gives for its items. @throws what it throws, and TypeError where it is no generator. */
export function iterateStage(
  stage: AsyncStage<unknown, unknown>,
  source: AsyncIterable<unknown>,
): AsyncIterator<unknown, unknown> {
  const output: unknown = stage(source)
  takeRejection(output)
  if (typeof output !== 'object' || output === null || !(Symbol.asyncIterator in output)) {
    throw new TypeError('an asynchronous stage must return an async iterable: write it as async function *')
  }
  return (output as AsyncIterable<unknown>)[Symbol.asyncIterator]()
}
