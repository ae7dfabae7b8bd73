import { type Feed, feed, FEED, type Feeding, iterate, letGo, letGoUnread, NOW, own, type PushedReader, type Ready } from '../connection/feed.ts'
import { Inbox } from '../connection/inbox.ts'
import { connectionOf, feedFrom, InboxIterator, tagWithConnection } from '../connection/source.ts'
import { handOn, LARGEST_BATCH, startStage } from '../pipeline/batches.ts'
import type { BuiltPlugin } from '../pipeline/built-pipeline.ts'
import type { Direction } from '../pipeline/plugin.ts'
import { FaceRun } from './face-run.ts'
import { NotedSource, type Result, type Source, type Upstream } from './noted-source.ts'

/** A stage as an it-pipe transform: what comes out of a source by way of the stage. */
export function liftTransform(build: () => BuiltPlugin, direction: Direction, source: Source): AsyncIterableIterator<unknown> {
  const info = connectionOf(source)
  const iterator = new StageIterator(build(), direction, source)
  return info ? tagWithConnection(iterator, info) : iterator
}

/**
 * Written by hand and not as a generator, because the `return()` of a generator waits behind a pending `next()`.
 *
 * What the stage gives goes through an inbox. Where that is pulled, the source is asked for an item only when nothing waits
 * there and somebody waits for it; where it pushes, the source may push only while nothing waits. So there is no read-ahead
 * either way.
 */
class StageIterator implements AsyncIterableIterator<unknown>, Ready<unknown>, Feeding<unknown> {
  readonly #source: Source
  readonly #run: FaceRun
  readonly #output: Inbox<unknown>
  readonly #given: InboxIterator<unknown>
  readonly #give = (item: unknown): void => {
    const waits = this.#borrowsFor && !(this.#output.awaited && this.#output.length === 0)
    this.#output.push(waits ? own(item) : item)
  }
  #noted: NotedSource | undefined
  #upstream: Upstream | undefined
  #feed: Feed | undefined
  /** As in {@link PushedReader}: then what has to wait here is copied. */
  #borrowsFor: object | undefined
  #begun = false
  /** The source has been asked for its items. */
  #asked = false
  #over = false
  #pulling = false

  constructor(plugin: BuiltPlugin, direction: Direction, source: Source) {
    this.#source = source
    this.#output = new Inbox({ pause: () => this.#feed?.pause(), resume: () => this.#feed?.resume() }, 1, one)
    this.#given = new InboxIterator(this.#output)
    this.#run = new FaceRun(plugin, direction, connectionOf(source), {
      item: (item) => this.#give(item),
      fail: (error) => this.#fail(error),
      close: () => this.#end(),
    })
    // It may have failed, or closed, when it was opened.
    if (this.#over) {
      this.#run.release()
      letGoUnread(source)
    }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<Result> {
    this.#begun = true
    this.#pullNow()
    const result = this.#given.next()
    if (this.#given.waiting && !this.#pulling) void this.#pull()
    return result
  }

  [NOW](): Result | undefined {
    this.#pullNow()
    return this.#given[NOW]()
  }

  [FEED](reader: PushedReader<unknown>): Feed | undefined {
    if (this.#begun) return undefined
    this.#begun = true
    const given = feedFrom(this.#output, reader)
    this.#borrowsFor = this.#run.borrows ? reader.borrowsFor : undefined
    try {
      if (!this.#over) this.#feed = this.#feedSource()
    } catch (error) {
      this.#sourceFailed(error)
    }
    return {
      pause: () => given.pause(),
      resume: () => given.resume(),
      release: () => {
        given.release()
        this.#release()
      },
    }
  }

  return(): Promise<Result> {
    const result = this.#given.return()
    // A reader that is pushed to sees the end.
    this.#end()
    return result
  }

  #feedSource(): Feed {
    const { asyncStage } = this.#run
    this.#asked = true
    return feed(asyncStage ? { [Symbol.asyncIterator]: () => this.#runAsync(asyncStage) } : this.#source, {
      inOrder: true,
      borrowsFor: this.#borrowsFor,
      onItem: (item) => this.#take(item),
      onEnd: () => this.#sourceEnded(),
      onError: (error) => this.#sourceFailed(error),
    })
  }

  /** As far as the source has something there, up to the first item that comes of it. */
  #pullNow(): void {
    const source = this.#upstream
    if (!source?.[NOW] || this.#pulling) return
    while (this.#output.length === 0 && !this.#over) {
      const result = source[NOW]()
      if (result === undefined) return
      this.#take(result.value)
    }
  }

  async #pull(): Promise<void> {
    this.#pulling = true
    try {
      const source = (this.#upstream ??= this.#begin())
      while (this.#given.waiting && !this.#over) {
        const result = await source.next()
        if (this.#over) break
        if (result.done) this.#sourceEnded()
        else this.#take(result.value)
      }
    } catch (error) {
      this.#sourceFailed(error)
    }
    this.#pulling = false
  }

  #begin(): Upstream {
    const { asyncStage } = this.#run
    this.#asked = true
    return asyncStage ? this.#runAsync(asyncStage) : iterate(this.#source)
  }

  #runAsync(stage: NonNullable<FaceRun['asyncStage']>): AsyncIterator<unknown> {
    return startStage(stage, (this.#noted = new NotedSource(this.#source)), LARGEST_BATCH)
  }

  #take(item: unknown): void {
    const { asyncStage } = this.#run
    if (asyncStage) handOn(asyncStage, item, this.#give)
    else this.#run.push(item)
  }

  #sourceEnded(): void {
    this.#upstream = undefined
    this.#feed = undefined
    if (!this.#run.asyncStage) this.#run.end()
    this.#end()
  }

  #sourceFailed(error: unknown): void {
    this.#upstream = undefined
    this.#feed = undefined
    const stageFailed = this.#run.asyncStage && !this.#noted?.threw(error)
    this.#fail(stageFailed ? this.#run.toError(error, 'asyncStage') : (error as Error))
  }

  #end(): void {
    this.#output.end()
    this.#release()
  }

  #fail(error: Error): void {
    this.#output.fail(error, false)
    this.#release()
  }

  /** Lets the source and the stage go, whatever they wait for. */
  #release(): void {
    if (this.#over) return
    this.#over = true
    const run = this.#run as FaceRun | undefined
    // Undefined where the plugin fails while it is opened: then who opens it does the rest.
    if (run === undefined) return
    run.release()
    if (!this.#asked) letGoUnread(this.#source)
    this.#feed?.release()
    if (this.#upstream) letGo(this.#upstream)
    this.#noted?.release()
  }
}

const one = (): number => 1
