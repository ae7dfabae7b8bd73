/** In bytes: a number of 64 bits takes no more. */
export const LONGEST_VARINT = 10

/** A number as a varint: seven bits in each byte, the lowest first, the top bit set in all but the last. */
export function encodeVarint(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80)
  bytes.push(rest)
  return bytes
}
