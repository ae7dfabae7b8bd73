import { Buffer } from 'node:buffer'

/** One end of a packet: four or sixteen bytes of address, both ends alike, and a port. */
export interface PacketEnd {
  readonly address: Uint8Array
  readonly port: number
}

/** What a TCP segment says beside its payload. */
export interface Segment {
  readonly sequence: number
  readonly acknowledgement: number
  /** Of RFC 9293, section 3.1: {@link FIN} and the like. */
  readonly flags: number
}

export const FIN = 0x01
export const SYN = 0x02
export const RST = 0x04
export const PSH = 0x08
export const ACK = 0x10

const TCP = 6
const UDP = 17
const TCP_HEADER = 20
const UDP_HEADER = 8
const WINDOW = 0xffff
const HOPS = 64

/** An IP packet with a TCP segment in it, checksums and all (RFC 9293). */
export function tcpPacket(from: PacketEnd, to: PacketEnd, segment: Segment, payload: Uint8Array): Buffer {
  const [packet, header] = ipPacket(from, to, TCP, TCP_HEADER + payload.length)
  header.writeUInt16BE(from.port, 0)
  header.writeUInt16BE(to.port, 2)
  header.writeUInt32BE(segment.sequence, 4)
  header.writeUInt32BE(segment.acknowledgement, 8)
  header[12] = (TCP_HEADER / 4) << 4
  header[13] = segment.flags
  header.writeUInt16BE(WINDOW, 14)
  header.set(payload, TCP_HEADER)
  header.writeUInt16BE(checksum(header, pseudoSum(from, to, TCP, header.length)), 16)
  return packet
}

/** An IP packet with a UDP datagram in it (RFC 768). */
export function udpPacket(from: PacketEnd, to: PacketEnd, payload: Uint8Array): Buffer {
  const [packet, header] = ipPacket(from, to, UDP, UDP_HEADER + payload.length)
  header.writeUInt16BE(from.port, 0)
  header.writeUInt16BE(to.port, 2)
  header.writeUInt16BE(header.length, 4)
  header.set(payload, UDP_HEADER)
  // Zero would say that there is none.
  header.writeUInt16BE(checksum(header, pseudoSum(from, to, UDP, header.length)) || 0xffff, 6)
  return packet
}

/** A packet with its IP header, and the part of it that is for the transport's. */
function ipPacket(from: PacketEnd, to: PacketEnd, protocol: number, length: number): [packet: Buffer, rest: Buffer] {
  return from.address.length === 4 ? ipv4(from, to, protocol, length) : ipv6(from, to, protocol, length)
}

/** RFC 791, without options, not to be fragmented. */
function ipv4(from: PacketEnd, to: PacketEnd, protocol: number, length: number): [Buffer, Buffer] {
  const packet = Buffer.alloc(20 + length)
  packet[0] = 0x45
  packet.writeUInt16BE(packet.length, 2)
  packet[6] = 0x40
  packet[8] = HOPS
  packet[9] = protocol
  packet.set(from.address, 12)
  packet.set(to.address, 16)
  packet.writeUInt16BE(checksum(packet.subarray(0, 20), 0), 10)
  return [packet, packet.subarray(20)]
}

/** RFC 8200, without extensions. */
function ipv6(from: PacketEnd, to: PacketEnd, protocol: number, length: number): [Buffer, Buffer] {
  const packet = Buffer.alloc(40 + length)
  packet[0] = 0x60
  packet.writeUInt16BE(length, 4)
  packet[6] = protocol
  packet[7] = HOPS
  packet.set(from.address, 8)
  packet.set(to.address, 24)
  return [packet, packet.subarray(40)]
}

/** The sum of what TCP and UDP checksum of IP beside themselves (RFC 9293, section 3.1; RFC 8200, section 8.1). */
function pseudoSum(from: PacketEnd, to: PacketEnd, protocol: number, length: number): number {
  return wordSum(from.address) + wordSum(to.address) + protocol + length
}

function wordSum(bytes: Uint8Array): number {
  let sum = 0
  for (let i = 0; i < bytes.length; i += 2) sum += ((bytes[i] as number) << 8) | (bytes[i + 1] ?? 0)
  return sum
}

/** The Internet checksum of some bytes and of what was added up before (RFC 1071). */
function checksum(bytes: Uint8Array, before: number): number {
  let sum = before + wordSum(bytes)
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000)
  return ~sum & 0xffff
}
