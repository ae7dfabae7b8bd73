/** What {@link characterAt} says of bytes that begin a character well and end before it does. */
const CUT = -1

/**
 * Where the second byte must lie after each first byte: this is what keeps overlong forms, surrogates and what is above
 * U+10FFFF out. Table 3-7 of the Unicode Standard: https://www.unicode.org/versions/latest/core-spec/chapter-3/#G7404
 */
function secondByteRange(first: number): readonly [number, number] {
  if (first === 0xe0) return [0xa0, 0xbf]
  if (first === 0xed) return [0x80, 0x9f]
  if (first === 0xf0) return [0x90, 0xbf]
  if (first === 0xf4) return [0x80, 0x8f]
  return [0x80, 0xbf]
}

function lengthAfter(first: number): number {
  if (first < 0x80) return 1
  if (first < 0xc2) return 0
  if (first < 0xe0) return 2
  if (first < 0xf0) return 3
  return first < 0xf5 ? 4 : 0
}

/** The length of the character that begins at `start`, 0 where none can, or {@link CUT}. */
function characterAt(bytes: Uint8Array, start: number): number {
  const first = bytes[start] as number
  const length = lengthAfter(first)
  for (let i = 1; i < length; i++) {
    if (start + i >= bytes.length) return CUT
    const [low, high] = i === 1 ? secondByteRange(first) : [0x80, 0xbf]
    const byte = bytes[start + i] as number
    if (byte < low || byte > high) return 0
  }
  return length
}

/**
 * How many bytes at the end are the good beginning of a UTF-8 character that more bytes could complete: 0 to 3.
 *
 * What is invalid already is not counted, so what stands before the cut decodes the same whatever follows.
 *
 * @example
 * cutTail(Uint8Array.of(0x61, 0xe2, 0x82)) // 2: the euro sign lacks its last byte
 */
export function cutTail(bytes: Uint8Array): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] as number
    if (byte < 0x80) return 0
    if (byte >= 0xc0) return characterAt(bytes, bytes.length - back) === CUT ? back : 0
  }
  return 0
}

/**
 * Where the first byte stands that is no part of a whole UTF-8 character; the number of bytes when all are.
 *
 * @example
 * validLength(Uint8Array.of(0x61, 0xff, 0x62)) // 1
 */
export function validLength(bytes: Uint8Array): number {
  let at = 0
  while (at < bytes.length) {
    const length = characterAt(bytes, at)
    if (length <= 0) return at
    at += length
  }
  return at
}
