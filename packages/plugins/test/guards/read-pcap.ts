import { Buffer } from 'node:buffer'
import { bytesToIp } from '../../src/guards/ip-bytes.ts'

/** A packet of a capture, taken apart. */
export interface ReadPacket {
  readonly seconds: number
  /** In bytes, of the whole packet. */
  readonly length: number
  readonly from: string
  readonly to: string
  readonly protocol: 'tcp' | 'udp'
  readonly payload: string
  readonly flags: string
  readonly sequence: number
  readonly acknowledgement: number
  /** Whether all of its checksums are right; only looked at where none of it was cut off. */
  readonly sound: boolean
}

/** The sum over all words: 0xffff where a checksum among them is right. */
function fold(...parts: readonly Uint8Array[]): number {
  const bytes = Buffer.concat(parts)
  let sum = 0
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i] as number) * 256 + (bytes[i + 1] ?? 0)
  while (sum > 0xffff) sum = (sum % 0x10000) + Math.floor(sum / 0x10000)
  return sum
}

const flagsOf = (bits: number): string => ['F', 'S', 'R', 'P', 'A'].filter((_, i) => bits & (1 << i)).join('')

function readPacket(seconds: number, length: number, packet: Buffer): ReadPacket {
  const four = (packet[0] as number) >> 4 === 4
  const [source, target] = four ? [packet.subarray(12, 16), packet.subarray(16, 20)] : [packet.subarray(8, 24), packet.subarray(24, 40)]
  const number = packet[four ? 9 : 6] as number
  const rest = packet.subarray(four ? 20 : 40)
  const size = Buffer.alloc(4)
  size.writeUInt32BE(length - (four ? 20 : 40))
  const headerSound = !four || fold(packet.subarray(0, 20)) === 0xffff
  const stated = four ? packet.readUInt16BE(2) : packet.readUInt16BE(4) + 40
  const sound = headerSound && stated === length && fold(source, target, size, Uint8Array.of(0, number), rest) === 0xffff
  const tcp = number === 6
  return {
    seconds,
    length,
    from: `${bytesToIp(source)} ${rest.readUInt16BE(0)}`,
    to: `${bytesToIp(target)} ${rest.readUInt16BE(2)}`,
    protocol: tcp ? 'tcp' : 'udp',
    payload: rest.toString('latin1', tcp ? 20 : 8),
    flags: tcp ? flagsOf(rest[13] as number) : '',
    sequence: tcp ? rest.readUInt32BE(4) : 0,
    acknowledgement: tcp ? rest.readUInt32BE(8) : 0,
    sound,
  }
}

/** The packets of a capture in the pcap format, of raw IP. */
export function readPcap(file: Buffer): ReadPacket[] {
  if (file.readUInt32LE(0) !== 0xa1b2c3d4 || file.readUInt32LE(20) !== 101) throw new Error('no capture of raw IP')
  const packets: ReadPacket[] = []
  for (let at = 24; at < file.length; ) {
    const [kept, length] = [file.readUInt32LE(at + 8), file.readUInt32LE(at + 12)]
    const seconds = file.readUInt32LE(at) + file.readUInt32LE(at + 4) / 1e6
    packets.push(readPacket(seconds, length, file.subarray(at + 16, at + 16 + kept)))
    at += 16 + kept
  }
  return packets
}
