import { networkInterfaces as systemInterfaces } from 'node:os'
import type { Clock, DropReason, SocketAddress } from '@millrace/core'
import { type AddressKey, addressKey } from '../address-key.ts'

type NetworkInterfaces = typeof systemInterfaces

interface LocalAddresses {
  readonly own: ReadonlySet<AddressKey>
  readonly broadcast: ReadonlySet<AddressKey>
}

/** How long the list of interfaces is good for, in ms: asking the system takes some hundred microseconds. */
const INTERFACES_LAST = 5_000
const LIMITED_BROADCAST = -1

const withoutScope = (address: string): string => address.replace(/%.*$/s, '')
const isMulticast = (key: AddressKey): boolean =>
  typeof key === 'number' ? key >>> 28 === 0xe : /^ff[0-9a-f]{2}:/i.test(key)
/** `0.0.0.0/8` and `::` stand for "this host" and are nobody's address (RFC 1122, 3.2.1.3). */
const isUnspecified = (key: AddressKey): boolean => (typeof key === 'number' ? key >>> 24 === 0 : key === '::')
const isLoopback = (key: AddressKey): boolean => (typeof key === 'number' ? key >>> 24 === 127 : key === '::1')

/**
 * Knows the sources that are never answered. Port 0 is none to send to. Our own address would have us answer ourselves
 * for ever (CVE-2024-2169). A multicast or broadcast source would have us answer many.
 */
export class SourceGuard {
  readonly #ownPort: number
  readonly #ownKey: AddressKey
  readonly #wildcard: boolean
  readonly #clock: Clock
  readonly #interfaces: NetworkInterfaces
  #addresses: LocalAddresses = { own: new Set(), broadcast: new Set() }
  #readAt = -Infinity

  /** @param local - where the socket is bound; a wildcard address makes every address of this host our own. */
  constructor(local: SocketAddress, clock: Clock, interfaces: NetworkInterfaces = systemInterfaces) {
    this.#ownPort = local.port
    this.#ownKey = addressKey(withoutScope(local.address))
    this.#wildcard = isUnspecified(this.#ownKey)
    this.#clock = clock
    this.#interfaces = interfaces
    // Now, and not when the first datagram is here: by then there may be no descriptor left for it.
    this.#local()
  }

  /** @returns why a datagram from there is dropped, or undefined where it may be answered. */
  refuse(address: string, port: number): DropReason | undefined {
    if (port === 0) return 'source-port-0'
    const key = addressKey(address)
    if (port === this.#ownPort && this.#isOwn(key)) return 'own-address'
    if (key === LIMITED_BROADCAST || isMulticast(key) || isUnspecified(key)) return 'unicast-only'
    return typeof key === 'number' && this.#local().broadcast.has(key) ? 'unicast-only' : undefined
  }

  #isOwn(key: AddressKey): boolean {
    const plain = typeof key === 'string' ? withoutScope(key) : key
    if (!this.#wildcard) return plain === this.#ownKey
    return isLoopback(plain) || this.#local().own.has(plain)
  }

  #local(): LocalAddresses {
    const now = this.#clock.now()
    if (now - this.#readAt > INTERFACES_LAST) {
      this.#readAt = now
      try {
        this.#addresses = readAddresses(this.#interfaces)
      } catch {
        // The system opens a socket to answer, for which there may be no descriptor (EMFILE): what was known before serves.
      }
    }
    return this.#addresses
  }
}

function readAddresses(interfaces: NetworkInterfaces): LocalAddresses {
  const own = new Set<AddressKey>()
  const broadcast = new Set<AddressKey>()
  for (const entry of Object.values(interfaces()).flatMap((entries) => entries ?? [])) {
    const key = addressKey(withoutScope(entry.address))
    own.add(key)
    if (entry.family !== 'IPv4' || typeof key !== 'number') continue
    const hostBits = ~Number(addressKey(entry.netmask))
    // Networks of one or two addresses have no broadcast address (RFC 3021).
    if (hostBits >>> 0 > 1) broadcast.add(key | hostBits)
  }
  return { own, broadcast }
}
