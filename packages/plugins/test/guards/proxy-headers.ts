import { Buffer } from 'node:buffer'
import { crc32c } from '../../src/guards/crc32c.ts'
import { ipToBytes } from '../../src/guards/ip-bytes.ts'

const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')

export interface V2 {
  readonly command?: number
  readonly family?: number
  readonly source?: string
  readonly sourcePort?: number
  readonly tlvs?: readonly (readonly [type: number, value: Uint8Array])[]
  readonly checksum?: boolean
}

const tlv = (type: number, value: Uint8Array): Buffer => Buffer.concat([Buffer.from([type, value.length >> 8, value.length & 0xff]), value])

/** A header of version 2 from a client to 198.51.100.1:443, or to 2001:db8::443. */
export function v2({ command = 0x21, source = '192.0.2.1', sourcePort = 56_324, tlvs = [], checksum = false, ...rest }: V2 = {}): Buffer {
  const six = source.includes(':')
  const family = rest.family ?? (six ? 0x21 : 0x11)
  const ports = Buffer.from([sourcePort >> 8, sourcePort & 0xff, 443 >> 8, 443 & 0xff])
  const addresses = [ipToBytes(source), ipToBytes(six ? '2001:db8::443' : '198.51.100.1')].map((bytes) => bytes ?? Buffer.alloc(0))
  const facts = [...tlvs.map(([type, value]) => tlv(type, value)), ...(checksum ? [tlv(3, Buffer.alloc(4))] : [])]
  const body = Buffer.concat([...addresses, ports, ...facts])
  const header = Buffer.concat([SIGNATURE, Buffer.from([command, family, body.length >> 8, body.length & 0xff]), body])
  if (checksum) header.writeUInt32BE(crc32c(header), header.length - 4)
  return header
}

/** A version 2 header with whatever behind its signature. */
export const raw2 = (hex: string): Buffer => Buffer.concat([SIGNATURE, Buffer.from(hex, 'hex')])

export const v1 = (line: string): Buffer => Buffer.from(`${line}\r\n`, 'latin1')
