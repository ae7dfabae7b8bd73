import { ConnectionClosedError } from '../errors/connection-errors.ts'
import type { Duplex } from './connection.ts'
import { ignoreRejection } from './promises.ts'

type Writable<T> = Pick<Duplex<unknown, T>, 'abort' | 'closeWrite' | 'datagram' | 'drain' | 'signal' | 'status' | 'write'>

/** Lets a source go without waiting for it, whatever it does. */
function release(iterator: AsyncIterator<unknown> | Iterator<unknown>): void {
  try {
    void ignoreRejection(Promise.resolve(iterator.return?.()))
  } catch {
    // Its own affair: the sink has its error to tell.
  }
}

/**
 * Writes all that a source gives to a connection, then half-closes where there is such a thing.
 *
 * The connection's end must cut the wait for an idle source, so that wait is raced with it; the listener is one for the
 * whole call and holds one callback, because a promise raced once per item leaks a reaction per item. The connection's own
 * promises settle with it and need no race.
 */
export async function pump<T>(source: AsyncIterable<T> | Iterable<T>, connection: Writable<T>): Promise<void> {
  const { signal } = connection
  let cut: ((error: unknown) => void) | undefined
  const onGone = (): void => cut?.(signal.reason)
  signal.addEventListener('abort', onGone, { once: true })
  let over = false
  let iterator: AsyncIterator<T> | Iterator<T> | undefined
  try {
    iterator = iterate(source)
    const next = (from: AsyncIterator<T> | Iterator<T>): Promise<IteratorResult<T>> =>
      new Promise((resolve, reject) => {
        cut = reject
        if (signal.aborted) return reject(signal.reason as Error)
        nextOf(from, () => (over = true)).then(resolve, reject)
      })
    for (let result = await next(iterator); !result.done; result = await next(iterator)) {
      if (connection.write(result.value)) continue
      // Rejects where the connection is over, with the error that it ended with.
      await connection.drain()
      if (isWriteClosed(connection)) throw new ConnectionClosedError()
    }
    await (connection.datagram ? connection.drain() : connection.closeWrite())
  } catch (error) {
    if (iterator && !over) release(iterator)
    // A sink that this side itself has cut is no failure of the connection.
    if (!isWriteClosed(connection)) connection.abort(error)
    throw error
  } finally {
    signal.removeEventListener('abort', onGone)
  }
}

function iterate<T>(source: AsyncIterable<T> | Iterable<T>): AsyncIterator<T> | Iterator<T> {
  return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
}

function isWriteClosed({ status }: Writable<never>): boolean {
  return status === 'half-closed-local' || status === 'closing' || status === 'closed'
}

/** The next item; an end or a failure of the source is noted, so that it is not asked to return after it. */
async function nextOf<T>(iterator: AsyncIterator<T> | Iterator<T>, onOver: () => void): Promise<IteratorResult<T>> {
  try {
    const result = await iterator.next()
    if (result.done) onOver()
    return result
  } catch (error) {
    onOver()
    throw error
  }
}
