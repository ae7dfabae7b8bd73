/** Marks a promise as handled: whoever awaits it still sees its rejection, and nobody has to. */
export function ignoreRejection<T>(promise: Promise<T>): Promise<T> {
  promise.then(undefined, () => {})
  return promise
}

/** A promise with its ends outside. (`Promise.withResolvers` is missing on Node 20.) */
export interface Deferred<T> {
  readonly promise: Promise<T>
  resolve(value: T): void
  reject(error: unknown): void
}

export function deferred<T>(): Deferred<T> {
  let resolve!: (value: T) => void
  let reject!: (error: unknown) => void
  const promise = new Promise<T>((res, rej) => {
    resolve = res
    reject = rej
  })
  return { promise, resolve, reject }
}

/**
 * The promise, unless the signal aborts first: then a rejection with `signal.reason`, at once. The listener goes with
 * whichever comes first. For one-shot waits.
 */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  if (signal.aborted) {
    void ignoreRejection(promise)
    return Promise.reject(signal.reason as Error)
  }
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error)
    const settled = (): void => signal.removeEventListener('abort', onAbort)
    signal.addEventListener('abort', onAbort, { once: true })
    promise.then(
      (value) => {
        settled()
        resolve(value)
      },
      (error: unknown) => {
        settled()
        reject(error)
      },
    )
  })
}
