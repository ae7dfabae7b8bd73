import { isUtf8 } from 'node:buffer'
import { CorruptFrameError } from '@millrace/core'

/** What follows a first byte: bytes that belong to the value itself, text among them, or other values. */
interface Shape {
  /** In bytes: the length field behind the first byte. */
  readonly field: number
  /** In bytes: what is there besides that, and besides what the length field counts. */
  readonly fixed: number
  /** What the length field, or the first byte, counts. */
  readonly counts: 'bytes' | 'text' | 'items' | 'pairs'
}

const shape = (field: number, fixed = 0, counts: Shape['counts'] = 'bytes'): Shape => ({ field, fixed, counts })

/** From 0xc0 to 0xdf: https://github.com/msgpack/msgpack/blob/master/spec.md#overview */
const SHAPES: readonly (Shape | undefined)[] = [
  shape(0), undefined, shape(0), shape(0), // nil, never used, false, true
  shape(1), shape(2), shape(4), // bin
  shape(1, 1), shape(2, 1), shape(4, 1), // ext
  shape(0, 4), shape(0, 8), // float
  shape(0, 1), shape(0, 2), shape(0, 4), shape(0, 8), // uint
  shape(0, 1), shape(0, 2), shape(0, 4), shape(0, 8), // int
  shape(0, 2), shape(0, 3), shape(0, 5), shape(0, 9), shape(0, 17), // fixext
  shape(1, 0, 'text'), shape(2, 0, 'text'), shape(4, 0, 'text'),
  shape(2, 0, 'items'), shape(4, 0, 'items'),
  shape(2, 0, 'pairs'), shape(4, 0, 'pairs'),
]
const NOTHING = shape(0)
const FIXTEXT = shape(0, 0, 'text')
const FIXITEMS = shape(0, 0, 'items')
const FIXPAIRS = shape(0, 0, 'pairs')
const UINT64 = 0xcf
const INT64 = 0xd3

/** What a scan goes by. */
export interface ScanRules {
  readonly maxDepth: number
  /** Whether integers beyond 2^53 can be kept. */
  readonly bigints: boolean
}

/**
 * Goes over a MessagePack value from one first byte to the next, making nothing of it: that it is one value, whole, and
 * no deeper than allowed; that no array or map claims more items than there are bytes left, for a decoder sets room
 * aside for what is claimed; that text is UTF-8, and integers are numbers that can be told apart.
 *
 * @param offset - of the frame, for errors.
 * @throws {@link CorruptFrameError} at the first byte of the value that is wrong.
 */
export function scanMsgpack(bytes: Uint8Array, { maxDepth, bigints }: ScanRules, offset: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const refuse = (what: string, at: number): never => {
    throw new CorruptFrameError(what, { offset: offset + at })
  }
  /** For each array or map that is open: how many values are still to come. */
  const open: number[] = [1]
  let claimed = 1
  let at = 0
  while (claimed > 0) {
    if (at === bytes.length) refuse('a value that is not all there', at)
    const first = at
    const byte = bytes[at++] as number
    const { field, fixed, counts } = shapeOf(byte) ?? refuse('a first byte that is never used', first)
    if (at + field > bytes.length) refuse('a value that is not all there', first)
    const count = field === 0 ? countIn(byte, counts) : lengthAt(view, at, field)
    at += field
    claimed--
    open.push((open.pop() as number) - 1)
    if (counts === 'items' || counts === 'pairs') {
      // The value that is the whole frame is on the list too.
      if (open.length > maxDepth) refuse(`nested more than ${maxDepth} deep`, first)
      const items = counts === 'pairs' ? 2 * count : count
      claimed += items
      if (claimed > bytes.length - at) refuse('more items than there are bytes for', first)
      open.push(items)
    } else {
      const end = at + fixed + count
      if (end > bytes.length) refuse('a value that is not all there', first)
      if (counts === 'text' && !isUtf8(bytes.subarray(at, end))) refuse('text that is no UTF-8', first)
      if (!bigints && isBeyond(view, byte, at)) refuse('an integer beyond 2^53', first)
      at = end
    }
    while (open.at(-1) === 0) open.pop()
  }
  if (at < bytes.length) refuse('more than one value', at)
}

function shapeOf(byte: number): Shape | undefined {
  if (byte < 0x80 || byte >= 0xe0) return NOTHING
  if (byte < 0x90) return FIXPAIRS
  if (byte < 0xa0) return FIXITEMS
  return byte < 0xc0 ? FIXTEXT : SHAPES[byte - 0xc0]
}

/** What a first byte counts by itself. */
function countIn(byte: number, counts: Shape['counts']): number {
  return counts === 'text' ? byte & 0x1f : counts === 'bytes' ? 0 : byte & 0x0f
}

function lengthAt(view: DataView, at: number, field: number): number {
  return field === 1 ? view.getUint8(at) : field === 2 ? view.getUint16(at) : view.getUint32(at)
}

function isBeyond(view: DataView, byte: number, at: number): boolean {
  if (byte === UINT64) return view.getBigUint64(at) > BigInt(Number.MAX_SAFE_INTEGER)
  if (byte !== INT64) return false
  const value = view.getBigInt64(at)
  return value > BigInt(Number.MAX_SAFE_INTEGER) || value < BigInt(Number.MIN_SAFE_INTEGER)
}
