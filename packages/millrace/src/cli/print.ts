import type { Writable } from 'node:stream'
import { plainText } from './plain-text.ts'

/** Resolves when a text has been handed over; also when nobody reads the stream any more, which is that reader's choice. */
export function print(stream: Writable, text: string): Promise<void> {
  return new Promise((resolve) => {
    stream.write(text, () => resolve())
  })
}

/** The one line on stderr that says what went wrong. */
export function complain(stream: Writable, message: string): Promise<void> {
  return print(stream, `millrace: ${plainText(message)}\n`)
}
