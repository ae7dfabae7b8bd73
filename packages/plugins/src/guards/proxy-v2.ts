import { Buffer } from 'node:buffer'
import { CorruptFrameError, type SocketAddress } from '@millrace/core'
import { crc32c } from './crc32c.ts'
import { bytesToIp } from './ip-bytes.ts'
import type { ProxyHeader, ProxyTlv } from './proxy-header.ts'

/** What every version 2 header begins with (section 2.2). */
export const SIGNATURE: Uint8Array = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
/** In bytes: the signature, version and command, family and protocol, length. */
export const FIXED_V2 = 16

/** `PP2_TYPE_CRC32C`. */
const CHECKSUM = 0x03
/** In bytes, of one address and of the whole block, by the family's number. */
const FAMILIES = [{ address: 0, block: 0 }, { address: 4, block: 12 }, { address: 16, block: 36 }, { address: 108, block: 216 }]
const UNIX = 3

const UNKNOWN: ProxyHeader = { version: 2, tlvs: [] }

/**
 * How many bytes follow the first sixteen.
 *
 * @param fixed - those sixteen.
 * @param most - bytes that may follow.
 * @throws {@link CorruptFrameError}
 */
export function lengthOfV2(fixed: Buffer, most: number): number {
  const [command, family] = [fixed[12] as number, fixed[13] as number]
  if (command >> 4 !== 2) throw new CorruptFrameError('a PROXY header of an unknown version')
  if ((command & 0xf) > 1) throw new CorruptFrameError('a PROXY header with an unknown command')
  if (family >> 4 > UNIX || (family & 0xf) > 2) throw new CorruptFrameError('a PROXY header of an unknown family or protocol')
  const length = fixed.readUInt16BE(14)
  if (length > most) throw new CorruptFrameError(`a PROXY header of ${length} bytes, and ${most} may follow the first ${FIXED_V2}`)
  return length
}

/**
 * Reads a version 2 header whose first sixteen bytes {@link lengthOfV2} has found good.
 *
 * @param header - all of it. What is returned has views of it.
 * @throws {@link CorruptFrameError}
 */
export function parseV2(header: Buffer): ProxyHeader {
  const family = (header[13] as number) >> 4
  const local = ((header[12] as number) & 0xf) === 0
  // Whatever they hold is to be ignored.
  if (local || family === 0 || ((header[13] as number) & 0xf) === 0) return UNKNOWN
  const { address: size, block } = FAMILIES[family] as (typeof FAMILIES)[number]
  const body = header.subarray(FIXED_V2)
  if (body.length < block) throw new CorruptFrameError('a PROXY header too short for its addresses')
  const tlvs = readTlvs(header, FIXED_V2 + block)
  const [source, destination] = [body.subarray(0, size), body.subarray(size, 2 * size)]
  if (family === UNIX) return { version: 2, source: toPath(source), destination: toPath(destination), tlvs }
  return {
    version: 2,
    source: toAddress(source, body.readUInt16BE(2 * size)),
    destination: toAddress(destination, body.readUInt16BE(2 * size + 2)),
    tlvs,
  }
}

function toAddress(bytes: Uint8Array, port: number): SocketAddress {
  const address = bytesToIp(bytes)
  return { address, port, family: address.includes(':') ? 'IPv6' : 'IPv4' }
}

function toPath(bytes: Buffer): SocketAddress {
  const end = bytes.indexOf(0)
  return { address: bytes.toString('utf8', 0, end === -1 ? bytes.length : end), port: 0, family: 'unix' }
}

function readTlvs(header: Buffer, start: number): ProxyTlv[] {
  const tlvs: ProxyTlv[] = []
  for (let at = start; at < header.length; ) {
    const end = at + 3 <= header.length ? at + 3 + header.readUInt16BE(at + 1) : Infinity
    if (end > header.length) throw new CorruptFrameError('a PROXY header with a TLV that is longer than the header')
    const type = header[at] as number
    if (type === CHECKSUM) verify(header, at + 3, end)
    tlvs.push({ type, value: header.subarray(at + 3, end) })
    at = end
  }
  return tlvs
}

/** The sum is over the header with zeros in the place of the sum. */
function verify(header: Buffer, start: number, end: number): void {
  const zeroed = Buffer.from(header).fill(0, start, end)
  if (end - start !== 4 || header.readUInt32BE(start) !== crc32c(zeroed)) {
    throw new CorruptFrameError('a PROXY header whose checksum is wrong')
  }
}
