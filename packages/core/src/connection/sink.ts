import { ConnectionClosedError } from '../errors/connection-errors.ts'
import type { Duplex } from './connection.ts'
import { type Feed, feed, type PushedReader } from './feed.ts'

interface Writable<T> extends Pick<Duplex<unknown, T>, 'closeWrite' | 'datagram' | 'drain' | 'signal' | 'status' | 'write'> {
  /** Ends the connection for what the source threw. */
  endForSource(error: unknown): void
}

/**
 * Writes all that a source gives to a connection, then half-closes where there is such a thing.
 *
 * The connection's end must cut the wait for an idle source: so the whole is one promise, which the connection's signal rejects
 * as well. A wait raced with it once per item would leak a reaction per item.
 */
export async function pump<T>(source: AsyncIterable<T> | Iterable<T>, connection: Writable<T>): Promise<void> {
  const { signal } = connection
  let reader: Writer<T> | undefined
  let cut: (() => void) | undefined
  try {
    await new Promise<void>((resolve, reject) => {
      reader = new Writer(connection, resolve, reject)
      reader.feed = feed(source, reader)
      if (signal.aborted) return reject(signal.reason as Error)
      cut = () => reject(signal.reason as Error)
      signal.addEventListener('abort', cut, { once: true })
      reader.feed.resume()
    })
    await (connection.datagram ? connection.drain() : connection.closeWrite())
  } catch (error) {
    reader?.feed?.release()
    // A sink that this side itself has cut is no failure of the connection.
    if (!isWriteClosed(connection)) connection.endForSource(error)
    throw error
  } finally {
    if (cut) signal.removeEventListener('abort', cut)
  }
}

/** Writes what it is given, and pauses the source while the peer is behind. */
class Writer<T> implements PushedReader<T> {
  readonly inOrder = true
  readonly borrowsFor: object
  readonly onEnd: () => void
  feed: Feed | undefined
  readonly #connection: Writable<T>
  readonly #reject: (error: unknown) => void

  constructor(connection: Writable<T>, resolve: () => void, reject: (error: unknown) => void) {
    this.#connection = connection
    this.borrowsFor = connection
    this.onEnd = resolve
    this.#reject = reject
  }

  onItem(item: T): void {
    try {
      if (this.#connection.write(item)) return
    } catch (error) {
      this.onError(error as Error)
      return
    }
    this.feed?.pause()
    // Rejects where the connection is over, with the error that it ended with.
    this.#connection.drain().then(() => this.#resume(), this.#reject)
  }

  onError(error: Error): void {
    this.feed?.pause()
    this.#reject(error)
  }

  #resume(): void {
    if (isWriteClosed(this.#connection)) this.#reject(new ConnectionClosedError())
    else this.feed?.resume()
  }
}

function isWriteClosed({ status }: Writable<never>): boolean {
  return status === 'half-closed-local' || status === 'closing' || status === 'closed'
}
