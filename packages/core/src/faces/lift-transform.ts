import { connectionOf, tagWithConnection } from '../connection/source.ts'
import { ignoreRejection } from '../connection/promises.ts'
import { ConnectionBusyError } from '../errors/connection-errors.ts'
import type { BuiltPlugin } from '../pipeline/built-pipeline.ts'
import type { Direction } from '../pipeline/plugin.ts'
import { iterateStage } from '../pipeline/returned.ts'
import { FaceRun } from './face-run.ts'
import { iterate, NotedSource, type Result, type Source } from './noted-source.ts'

/** A stage as an it-pipe transform: what comes out of a source by way of the stage. */
export function liftTransform(build: () => BuiltPlugin, direction: Direction, source: Source): AsyncIterableIterator<unknown> {
  const info = connectionOf(source)
  const iterator = new StageIterator(build(), direction, source)
  return info ? tagWithConnection(iterator, info) : iterator
}

/**
 * Written by hand and not as a generator, because the `return()` of a generator waits behind a pending `next()`. It pulls
 * an item only when it has nothing left to give: no read-ahead.
 */
class StageIterator implements AsyncIterableIterator<unknown> {
  readonly #source: Source
  readonly #run: FaceRun
  #iterator: AsyncIterator<unknown> | Iterator<unknown> | undefined
  #noted: NotedSource | undefined
  #output: unknown[] = []
  #taken = 0
  #failure: Error | undefined
  #done = false
  #pulling = false
  #wake: (() => void) | undefined

  constructor(plugin: BuiltPlugin, direction: Direction, source: Source) {
    this.#source = source
    this.#run = new FaceRun(plugin, direction, connectionOf(source), {
      item: (item) => {
        this.#output.push(item)
        this.#wake?.()
      },
      fail: (error) => {
        this.#failure ??= error
        this.#wake?.()
      },
      close: () => {
        this.#done = true
        this.#wake?.()
      },
    })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<Result> {
    if (this.#wake) return Promise.reject(new ConnectionBusyError('next() was called while another next() is pending'))
    const ready = this.#ready()
    if (ready) return ready
    return new Promise((resolve) => {
      this.#wake = () => {
        const result = this.#ready()
        if (result === undefined) return
        this.#wake = undefined
        resolve(result)
      }
      if (!this.#pulling) void this.#pull()
    })
  }

  return(): Promise<Result> {
    this.#output = []
    this.#taken = 0
    this.#failure = undefined
    this.#finish()
    this.#wake?.()
    return Promise.resolve({ done: true, value: undefined })
  }

  /** What `next()` can answer without pulling. */
  #ready(): Promise<Result> | undefined {
    if (this.#taken < this.#output.length) {
      const value = this.#output[this.#taken++]
      if (this.#taken === this.#output.length) {
        this.#output = []
        this.#taken = 0
      }
      return Promise.resolve({ done: false, value })
    }
    if (this.#failure) {
      const failure = this.#failure
      this.#failure = undefined
      this.#finish()
      return Promise.reject(failure)
    }
    return this.#done ? Promise.resolve({ done: true, value: undefined }) : undefined
  }

  /** Lets the source and the stage go, whatever they wait for. */
  #finish(): void {
    this.#done = true
    this.#run.release()
    const iterator = this.#iterator
    this.#iterator = undefined
    try {
      if (iterator?.return) void ignoreRejection(Promise.resolve(iterator.return()))
    } catch {
      // The source's own affair: this iteration has its answer.
    }
    this.#noted?.release()
  }

  async #pull(): Promise<void> {
    this.#pulling = true
    try {
      this.#iterator ??= this.#begin()
      while (this.#wake && !this.#done && !this.#failure) await this.#step(this.#iterator)
    } catch (error) {
      this.#iterator = undefined
      this.#failure ??= error as Error
    }
    this.#pulling = false
    this.#wake?.()
  }

  async #step(iterator: AsyncIterator<unknown> | Iterator<unknown>): Promise<void> {
    const result = await iterator.next()
    if (this.#done) return
    if (!result.done) {
      if (this.#run.asyncStage) this.#output.push(result.value)
      else this.#run.push(result.value)
    } else {
      this.#iterator = undefined
      if (!this.#run.asyncStage) this.#run.end()
      if (!this.#failure) this.#done = true
      this.#run.release()
    }
    this.#wake?.()
  }

  #begin(): AsyncIterator<unknown> | Iterator<unknown> {
    const { asyncStage } = this.#run
    if (asyncStage === undefined) return iterate(this.#source)
    const noted = (this.#noted = new NotedSource(this.#source))
    const inner = iterateStage(asyncStage, noted)
    return {
      next: () =>
        inner.next().catch((error: unknown) => {
          throw noted.threw(error) ? error : this.#run.toError(error, 'asyncStage')
        }),
      return: () => inner.return?.() ?? Promise.resolve({ done: true, value: undefined }),
    }
  }
}
