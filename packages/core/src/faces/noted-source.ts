import { iterate, letGo, letGoUnread, NOW, type Ready } from '../connection/feed.ts'

export type Source = AsyncIterable<unknown> | Iterable<unknown>
export type Result = IteratorResult<unknown, undefined>
/** A source's iterator, which may be one of ours. */
export type Upstream = Partial<Ready<unknown>> & (AsyncIterator<unknown> | Iterator<unknown>)

const DONE: Result = { done: true, value: undefined }

/**
 * The source as an asynchronous stage gets it: it notes what the source throws, to be told from the stage's own failures, and can
 * be let go from outside. (The `return()` of a stage that waits for its source waits as well.)
 */
export class NotedSource implements AsyncIterableIterator<unknown>, Ready<unknown> {
  readonly #source: Source
  #iterator: Upstream | undefined
  #over = false
  #wake: (() => void) | undefined
  #failure: { readonly error: unknown } | undefined

  constructor(source: Source) {
    this.#source = source
  }

  /** Whether this is what the source threw. */
  threw(error: unknown): boolean {
    return this.#failure !== undefined && this.#failure.error === error
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<Result> {
    if (this.#over) return Promise.resolve(DONE)
    const now = this[NOW]()
    if (now) return Promise.resolve(now)
    return new Promise((resolve, reject) => {
      this.#wake = () => resolve(DONE)
      this.#pull().then(resolve, reject)
    })
  }

  [NOW](): Result | undefined {
    return this.#over ? undefined : this.#iterator?.[NOW]?.()
  }

  return(): Promise<Result> {
    this.release()
    return Promise.resolve(DONE)
  }

  /** Lets the source go; a stage that waits for it sees its end. Idempotent. */
  release(): void {
    if (this.#over) return
    this.#over = true
    this.#wake?.()
    if (this.#iterator) letGo(this.#iterator)
    else letGoUnread(this.#source)
  }

  async #pull(): Promise<Result> {
    try {
      this.#iterator ??= iterate(this.#source)
      const result = await this.#iterator.next()
      if (!result.done) return result
      this.#over = true
      return DONE
    } catch (error) {
      this.#over = true
      this.#failure = { error }
      throw error
    }
  }
}
