import { ignoreRejection } from '../connection/promises.ts'
import { type Feed, feed, type PushedReader } from '../connection/feed.ts'
import type { Answer, RequestFacts } from './built-pipeline.ts'
import type { ServedMessages } from './engine.ts'
import { isPromise } from './returned.ts'

/**
 * Answers every message of a connection: up to `concurrency` at once, the answers in the order of the questions. What one
 * question throws ends the connection.
 */
export function answerAll(answer: Answer): (messages: ServedMessages) => Promise<void> {
  return (messages) =>
    new Promise((resolve, reject) => {
      const answering = new Answering(answer, messages, resolve, reject)
      answering.feed = feed(messages, answering)
      answering.feed.resume()
    })
}

/** Those that can be answered at once are, in the turn in which they came and without a promise. */
class Answering implements PushedReader<unknown> {
  readonly inOrder = true
  feed: Feed | undefined
  readonly #answer: Answer
  readonly #messages: ServedMessages
  readonly #facts: RequestFacts
  readonly #resolve: () => void
  readonly #reject: (error: unknown) => void
  /** The last answer that is on its way; undefined where none is. */
  #written: Promise<void> | undefined
  #ended = false
  /** What the questions have ended with. */
  #failure: Error | undefined

  constructor(answer: Answer, messages: ServedMessages, resolve: () => void, reject: (error: unknown) => void) {
    this.#answer = answer
    this.#messages = messages
    this.#facts = { remoteAddress: messages.remoteAddress, signal: messages.signal }
    this.#resolve = resolve
    this.#reject = reject
  }

  onItem(item: unknown): void {
    this.#messages.answering++
    const writing = this.#take(item)
    if (writing === undefined) {
      this.#messages.answering--
      return
    }
    this.#written = writing
    // At once, and not when the next question comes: there may be none.
    writing.then(() => this.#onWritten(writing), (error: unknown) => this.#fail(error))
    if (this.#messages.answering >= this.#answer.concurrency) this.feed?.pause()
  }

  onEnd(): void {
    this.#ended = true
    if (this.#messages.answering === 0) this.#finish()
  }

  /** The questions before it are answered first, where the answers are still wanted. */
  onError(error: Error): void {
    this.#failure = error
    if (this.#messages.status === 'closing' || this.#messages.status === 'closed') this.#reject(error)
    else this.onEnd()
  }

  #finish(): void {
    if (this.#failure) this.#reject(this.#failure)
    else this.#resolve()
  }

  #fail(error: unknown): void {
    this.feed?.pause()
    this.#reject(error)
  }

  /** @returns undefined where the answer has been written whole, and the peer is not behind. */
  #take(item: unknown): Promise<void> | undefined {
    let answers: ReturnType<Answer['to']>
    try {
      answers = this.#answer.to(item, this.#facts)
    } catch (error) {
      answers = Promise.reject(error as Error)
    }
    if (this.#written === undefined && Array.isArray(answers)) return this.#writeNow(answers)
    if (answers instanceof Promise) void ignoreRejection(answers)
    return this.#write(answers, this.#written)
  }

  #writeNow(answers: readonly unknown[]): Promise<void> | undefined {
    for (let i = 0; i < answers.length; i++) {
      if (isPromise(answers[i])) return this.#write(answers.slice(i), undefined)
      if (!this.#messages.write(answers[i])) return this.#write(answers.slice(i + 1), this.#messages.drain())
    }
    return undefined
  }

  async #write(answers: ReturnType<Answer['to']>, before: Promise<void> | undefined): Promise<void> {
    await before
    for await (const answer of await answers) {
      if (!this.#messages.write(answer)) await this.#messages.drain()
    }
  }

  #onWritten(writing: Promise<void>): void {
    this.#messages.answering--
    if (this.#written === writing) this.#written = undefined
    if (this.#ended && this.#messages.answering === 0) this.#finish()
    else this.feed?.resume()
  }
}
