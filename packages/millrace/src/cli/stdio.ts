import { Buffer } from 'node:buffer'
import { lines } from '@millrace/plugins'
import type { Input } from './input.ts'
import type { Output } from './output.ts'

/** Stdin and stdout as a connection sees them, item by item. */
export interface Stdio {
  readonly items: AsyncIterable<Uint8Array>
  /** Resolves when more may be written. */
  readonly write: (item: Uint8Array) => Promise<void>
}

/** Bytes as they come, for a connection of bytes. @param limit - of one item. */
export function asBytes(input: Input, output: Output, limit = Infinity): Stdio {
  return { items: input.pieces(limit), write: (chunk) => output.write(chunk) }
}

/** The longest line that `lines` may be asked for. */
const LONGEST_LINE = 16_777_216
const LF = Buffer.from('\n')

/** A line for each frame, either way; stdin's last line needs no ending. */
export function asLines(input: Input, output: Output): Stdio {
  const toFrames = lines({ maxLength: LONGEST_LINE, unterminated: 'emit' })
  return { items: toFrames.transform(input), write: (frame) => output.write(Buffer.concat([frame, LF])) }
}
