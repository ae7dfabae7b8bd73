import { BlockList } from 'node:net'
import { InvalidOptionError, type SocketAddress } from '@millrace/core'
import { bytesToIp, ipToBytes, isMapped, unmapped } from './ip-bytes.ts'

const EXPECTED = 'IP addresses or CIDR ranges, separated by "|"'

/** Ranges as an option takes them: a list in code, one text with `|` between them on a command line. */
export type AddressRanges = string | readonly string[]

/** Options with the lists among them as the texts that a plugin's description knows. What is wrong is left for it to refuse. */
export function withRangeTexts(options: object | undefined): object | undefined {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) return options
  const texts = Object.entries(options).map(([name, value]) => [name, Array.isArray(value) ? value.join('|') : value])
  return Object.fromEntries(texts) as object
}

/**
 * A set of IP addresses, on Node's BlockList. An IPv4 address and the same one mapped into IPv6 are one, in the list and
 * when it is asked.
 */
export class AddressList {
  /** One for each family: a range of IPv6 in a BlockList has the IPv4 addresses that could be mapped into it. */
  readonly #ipv4 = new BlockList()
  readonly #ipv6 = new BlockList()

  /**
   * @param option - as errors call it.
   * @param text - such as `10.0.0.0/8|2001:db8::/32|192.0.2.1`. Bits behind a prefix do not matter.
   * @throws {@link InvalidOptionError} naming the entry that is none.
   */
  constructor(option: string, text: string) {
    for (const entry of text.split('|')) this.#add(option, entry.trim())
  }

  /** Whether the list has an address; never one that is no IP address. */
  has({ address, family }: SocketAddress): boolean {
    if (family !== 'IPv4' && family !== 'IPv6') return false
    const [plain = ''] = unmapped(address).split('%')
    return plain.includes(':') ? this.#ipv6.check(plain, 'ipv6') : this.#ipv4.check(plain, 'ipv4')
  }

  #add(option: string, entry: string): void {
    const [address = '', prefix, ...rest] = entry.split('/')
    const bytes = ipToBytes(address)
    if (bytes === undefined || rest.length > 0) throw new InvalidOptionError(option, EXPECTED, entry)
    const bits = bytes.length * 8
    const length = prefix === undefined ? bits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN
    if (!(length <= bits)) {
      throw new InvalidOptionError(option, `a prefix from 0 to ${bits} behind ${address}`, entry)
    }
    // Of a shorter prefix a mapped address is only one among others of IPv6.
    if (bits === 32) this.#ipv4.addSubnet(address, length, 'ipv4')
    else if (isMapped(bytes) && length >= 96) this.#ipv4.addSubnet(bytesToIp(bytes), length - 96, 'ipv4')
    else this.#ipv6.addSubnet(address.split('%')[0] as string, length, 'ipv6')
  }
}
