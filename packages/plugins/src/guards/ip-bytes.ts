import { isIPv4, isIPv6 } from 'node:net'

/** How many bytes before its last four make an IPv6 address a v4-mapped one: ten zeros and two of 0xff. */
const MAPPED_HEAD = 12

/**
 * The bytes of an IP address in network order: four or sixteen. A zone (`%eth0`) does not count.
 *
 * @returns undefined for what is no IP address.
 */
export function ipToBytes(text: string): Uint8Array | undefined {
  if (isIPv4(text)) return Uint8Array.from(text.split('.'), Number)
  if (!isIPv6(text)) return undefined
  const [address = ''] = text.split('%')
  const [head = '', tail] = address.split('::')
  const front = groupBytes(head)
  const back = tail === undefined ? [] : groupBytes(tail)
  const zeros = Array<number>(16 - front.length - back.length).fill(0)
  return Uint8Array.from([...front, ...zeros, ...back])
}

/** The bytes of groups such as `2001:db8` or `ffff:192.0.2.1`. */
function groupBytes(groups: string): number[] {
  if (groups === '') return []
  return groups.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number)
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 0xff]
  })
}

/** An IP address as people write it (RFC 5952), from its four or sixteen bytes; a v4-mapped one as its IPv4 address. */
export function bytesToIp(bytes: Uint8Array): string {
  const plain = isMapped(bytes) ? bytes.subarray(MAPPED_HEAD) : bytes
  if (plain.length === 4) return plain.join('.')
  const groups = Array.from({ length: 8 }, (_, i) => ((plain[2 * i] as number) << 8) | (plain[2 * i + 1] as number))
  const [start, length] = longestZeros(groups)
  const texts = groups.map((group) => group.toString(16))
  if (length < 2) return texts.join(':')
  return `${texts.slice(0, start).join(':')}::${texts.slice(start + length).join(':')}`
}

/** Whether these bytes are an IPv4 address in an IPv6 one, `::ffff:192.0.2.1`. */
export function isMapped(bytes: Uint8Array): boolean {
  if (bytes.length !== 16 || bytes[10] !== 0xff || bytes[11] !== 0xff) return false
  return bytes.subarray(0, 10).every((byte) => byte === 0)
}

/** An address of an IPv6 socket's IPv4 peer as that IPv4 address; any other text as it is. */
export function unmapped(address: string): string {
  if (!address.includes(':')) return address
  const bytes = ipToBytes(address)
  return bytes !== undefined && isMapped(bytes) ? bytesToIp(bytes) : address
}

/** Where the longest run of zero groups begins, and how long it is. */
function longestZeros(groups: readonly number[]): readonly [start: number, length: number] {
  let best: readonly [number, number] = [0, 0]
  for (let start = 0; start < groups.length; start++) {
    let end = start
    while (groups[end] === 0) end++
    if (end - start > best[1]) best = [start, end - start]
  }
  return best
}
