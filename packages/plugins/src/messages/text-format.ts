import { CorruptFrameError } from '@millrace/core'
import type { Encoding } from './encodings.ts'
import type { MessageFormat } from './message-codec.ts'

/** Text, a string for each frame. */
export function textFormat(encoding: Encoding, invalid: 'error' | 'replace'): MessageFormat {
  return {
    decode: (frame, offset) => {
      if (invalid === 'error') {
        const bad = encoding.firstInvalid(frame)
        if (bad !== -1) throw new CorruptFrameError('bytes that are no text', { offset: offset + bad })
      }
      return encoding.decode(frame)
    },
    encode: (message) => {
      if (typeof message !== 'string') throw new CorruptFrameError('what is sent is no string')
      if (invalid === 'error' && !encoding.canWrite(message)) {
        throw new CorruptFrameError('what is sent has a character that cannot be written')
      }
      return encoding.encode(message)
    },
  }
}
