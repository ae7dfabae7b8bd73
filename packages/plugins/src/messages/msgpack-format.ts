import { Buffer } from 'node:buffer'
import { CorruptFrameError } from '@millrace/core'
import {
  Decoder,
  decodeTimestampExtension,
  Encoder,
  encodeTimestampExtension,
  EXT_TIMESTAMP,
  ExtensionCodec,
} from '@msgpack/msgpack'
import { checkShape } from './check-shape.ts'
import type { MessageFormat } from './message-codec.ts'
import { type ScanRules, scanMsgpack } from './msgpack-scan.ts'

/** As the library has it, but for the timestamps that no `Date` can hold. */
const extensionCodec: ExtensionCodec = new ExtensionCodec()
extensionCodec.register({ type: EXT_TIMESTAMP, encode: encodeTimestampExtension, decode: decodeTimestamp })

function decodeTimestamp(data: Uint8Array): Date {
  const date = decodeTimestampExtension(data)
  if (Number.isNaN(date.getTime())) throw new RangeError('beyond what a Date can hold')
  return date
}

/** MessagePack, one value in each frame. For one connection: it works in memory of its own, again and again. */
export function msgpackFormat(rules: ScanRules): MessageFormat {
  const { maxDepth, bigints } = rules
  const decoder = new Decoder({ useBigInt64: bigints, extensionCodec })
  const encoder = new Encoder({ useBigInt64: bigints, maxDepth, extensionCodec })
  return {
    decode: (frame, offset) => {
      scanMsgpack(frame, rules, offset)
      const value = decodeWith(decoder, frame, offset)
      return Buffer.from(frame.buffer, frame.byteOffset, frame.length).includes('constructor')
        ? checkShape(value, maxDepth, offset)
        : value
    },
    encode: (message) => {
      try {
        return encoder.encode(message)
      } catch (cause) {
        throw new CorruptFrameError('what is sent cannot be written as MessagePack', { cause })
      }
    },
  }
}

function decodeWith(decoder: Decoder, frame: Uint8Array, offset: number): unknown {
  try {
    // Binary values are views of the frame, and of its class: plain bytes, whatever the frame is.
    return decoder.decode(new Uint8Array(frame.buffer, frame.byteOffset, frame.length))
  } catch {
    // It was scanned: what is left are keys, and extensions that the library reads itself.
    throw new CorruptFrameError('a key that is none, or a timestamp that is none', { offset })
  }
}
