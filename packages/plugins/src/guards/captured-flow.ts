import type { CloseInfo, Direction, SocketAddress } from '@millrace/core'
import { ipToBytes } from './ip-bytes.ts'
import { ACK, FIN, type PacketEnd, PSH, RST, SYN, tcpPacket, udpPacket } from './packet.ts'

/** In bytes: what one segment carries. The largest packet has 65,535. */
const MOST_SEGMENT = 32_768
/** In bytes: what one UDP datagram carries. */
const MOST_DATAGRAM = 65_507
const NOTHING = new Uint8Array(0)
const MAPPED = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff)

/** The two ends of a connection. */
export interface FlowEnds {
  readonly remoteAddress: SocketAddress
  readonly localAddress: SocketAddress
}

/** Both ends as packets have them: in one family, and with addresses of this machine where they have none. */
export function packetEnds({ remoteAddress, localAddress }: FlowEnds, ordinal: number): Record<Direction, PacketEnd> {
  const remote = ipToBytes(remoteAddress.address)
  const local = ipToBytes(localAddress.address)
  if (!remote || !local) {
    // A port of its own for each, so that they can be told apart.
    const port = 1_024 + (ordinal % 64_512)
    return { inbound: { address: Uint8Array.of(127, 0, 0, 1), port }, outbound: { address: Uint8Array.of(127, 0, 0, 1), port: 1 } }
  }
  const widen = (bytes: Uint8Array): Uint8Array =>
    bytes.length === 4 && remote.length + local.length > 8 ? Uint8Array.from([...MAPPED, ...bytes]) : bytes
  return {
    inbound: { address: widen(remote), port: remoteAddress.port },
    outbound: { address: widen(local), port: localAddress.port },
  }
}

/** What is sent in one direction has come from this end. */
const opposite = (direction: Direction): Direction => (direction === 'inbound' ? 'outbound' : 'inbound')

/** The packet of one datagram. */
export function datagramPacket(ends: Record<Direction, PacketEnd>, direction: Direction, payload: Uint8Array): Uint8Array {
  return udpPacket(ends[direction], ends[opposite(direction)], payload.subarray(0, MOST_DATAGRAM))
}

/** A stream as the packets that could have carried it: a handshake, segments in order, an end. */
export class TcpFlow {
  readonly #ends: Record<Direction, PacketEnd>
  readonly #emit: (packet: Uint8Array) => void
  /** The next sequence number of each end, by the direction that it sends in. */
  readonly #next: Record<Direction, number>

  /** @param first - the first sequence number of both ends. */
  constructor(ends: Record<Direction, PacketEnd>, emit: (packet: Uint8Array) => void, first = 0) {
    this.#ends = ends
    this.#emit = emit
    this.#next = { inbound: first, outbound: first }
  }

  /** @param caller - the direction in which the side that has connected sends. */
  open(caller: Direction): void {
    this.#segment(caller, SYN)
    this.#segment(opposite(caller), SYN | ACK)
    this.#segment(caller, ACK)
  }

  data(direction: Direction, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += MOST_SEGMENT) {
      this.#segment(direction, PSH | ACK, bytes.subarray(at, at + MOST_SEGMENT))
    }
  }

  close({ error, initiator }: CloseInfo): void {
    const first: Direction = initiator === 'remote' ? 'inbound' : 'outbound'
    if (error) return this.#segment(first, RST | ACK)
    this.#segment(first, FIN | ACK)
    this.#segment(opposite(first), FIN | ACK)
    this.#segment(first, ACK)
  }

  #segment(direction: Direction, flags: number, payload: Uint8Array = NOTHING): void {
    const other = opposite(direction)
    const sequence = this.#next[direction]
    const acknowledgement = flags & ACK ? this.#next[other] : 0
    this.#emit(tcpPacket(this.#ends[direction], this.#ends[other], { sequence, acknowledgement, flags }, payload))
    const length = payload.length + (flags & (SYN | FIN) ? 1 : 0)
    this.#next[direction] = (sequence + length) % 2 ** 32
  }
}
