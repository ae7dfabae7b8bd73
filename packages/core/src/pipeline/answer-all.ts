import { ignoreRejection } from '../connection/promises.ts'
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
    for await (const item of messages) {
      messages.answering++
      written = ignoreRejection(write(ignoreRejection(to(item, facts)), written))
      if (messages.answering >= concurrency) {
        await Promise.race([written, new Promise<void>((resolve) => (room = resolve))])
        room = undefined
      }
    }
    await written
  }
}
