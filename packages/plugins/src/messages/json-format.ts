import { Buffer, isUtf8 } from 'node:buffer'
import { CorruptFrameError } from '@millrace/core'
import { validLength } from '../utf8.ts'
import { checkShape } from './check-shape.ts'
import { checkDepth } from './json-depth.ts'
import type { MessageFormat } from './message-codec.ts'

/** What a text must hold for one of the keys that are refused to be in it, escaped or not. */
const SUSPICIOUS = /__proto__|constructor|\\u/

/**
 * JSON in UTF-8, one value in each frame.
 *
 * @param maxDepth - how deep arrays and objects may be nested.
 */
export function jsonFormat(maxDepth: number): MessageFormat {
  return {
    decode: (frame, offset) => {
      const text = textOf(frame, offset)
      checkDepth(frame, maxDepth, offset)
      const value = parse(text, offset)
      return SUSPICIOUS.test(text) ? checkShape(value, maxDepth, offset) : value
    },
    encode,
  }
}

function textOf(frame: Uint8Array, offset: number): string {
  if (!isUtf8(frame)) throw new CorruptFrameError('JSON that is no UTF-8', { offset: offset + validLength(frame) })
  return Buffer.from(frame.buffer, frame.byteOffset, frame.length).toString('utf8')
}

function parse(text: string, offset: number): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    // What the engine says about it quotes the text.
    throw new CorruptFrameError('the frame is no JSON', { offset })
  }
}

function encode(message: unknown): Uint8Array {
  let text: string | undefined
  try {
    text = JSON.stringify(message)
  } catch (cause) {
    throw new CorruptFrameError('what is sent cannot be written as JSON', { cause })
  }
  if (text === undefined) throw new CorruptFrameError('what is sent has no form in JSON')
  return Buffer.from(text)
}
