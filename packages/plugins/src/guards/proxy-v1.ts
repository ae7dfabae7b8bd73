import { isIPv4, isIPv6 } from 'node:net'
import { CorruptFrameError, type SocketAddress } from '@millrace/core'
import { unmapped } from './ip-bytes.ts'
import type { ProxyHeader } from './proxy-header.ts'

/** In bytes, CR LF included: the longest that can be (section 2.1). */
export const LONGEST_V1 = 107

const UNKNOWN: ProxyHeader = { version: 1, tlvs: [] }

/**
 * Reads the line of a version 1 header.
 *
 * @param line - without CR LF, each byte a character.
 * @throws {@link CorruptFrameError}
 */
export function parseV1(line: string): ProxyHeader {
  const [start, protocol, ...rest] = line.split(' ')
  if (start !== 'PROXY') throw new CorruptFrameError('a PROXY header that does not begin with PROXY')
  // Whatever follows it is to be ignored.
  if (protocol === 'UNKNOWN') return UNKNOWN
  if (protocol !== 'TCP4' && protocol !== 'TCP6') throw new CorruptFrameError('a PROXY header of an unknown protocol')
  const [source, destination, sourcePort, destinationPort] = rest
  if (rest.length !== 4) throw new CorruptFrameError('a PROXY header without four fields behind its protocol')
  const isIp = protocol === 'TCP4' ? isIPv4 : isIPv6
  return {
    version: 1,
    source: toAddress(source, sourcePort, isIp),
    destination: toAddress(destination, destinationPort, isIp),
    tlvs: [],
  }
}

function toAddress(address = '', port = '', isIp: (text: string) => boolean): SocketAddress {
  if (!isIp(address) || address.includes('%')) throw new CorruptFrameError('a PROXY header with a bad address')
  if (!/^(?:0|[1-9]\d{0,4})$/.test(port) || Number(port) > 65_535) {
    throw new CorruptFrameError('a PROXY header with a bad port')
  }
  const plain = unmapped(address)
  return { address: plain, port: Number(port), family: plain.includes(':') ? 'IPv6' : 'IPv4' }
}
