import { deferred, ignoreRejection } from '../connection/promises.ts'
import type { Answer } from './built-pipeline.ts'
import type { ServedMessages } from './engine.ts'

/**
 * Answers every message of a connection: up to `concurrency` at once, the answers in the order of the questions. What one
 * question throws ends the connection.
 */
export function answerAll({ concurrency, to }: Answer): (messages: ServedMessages) => Promise<void> {
  return async (messages) => {
    const facts = { remoteAddress: messages.remoteAddress, signal: messages.signal }
    let written: Promise<void> = Promise.resolve()
    let room: (() => void) | undefined

    const write = async (answers: ReturnType<typeof to>, before: Promise<void>): Promise<void> => {
      await before
      for await (const answer of await answers) {
        if (!messages.write(answer)) await messages.drain()
      }
      messages.answering--
      room?.()
    }
    const failed = deferred<never>()
    const answer = async (): Promise<void> => {
      for await (const item of messages) {
        messages.answering++
        written = write(ignoreRejection(to(item, facts)), written)
        // At once, and not when the next question comes: there may be none.
        written.catch(failed.reject)
        if (messages.answering >= concurrency) await new Promise<void>((resolve) => (room = resolve))
        room = undefined
      }
      await written
    }
    // Where an answer has failed, the end of the connection ends the reading.
    await Promise.race([ignoreRejection(answer()), failed.promise])
  }
}
