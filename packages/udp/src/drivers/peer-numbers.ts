import { type AddressKey, addressKey } from '../address-key.ts'
import type { PeerAddress } from './udp-driver.ts'

interface KeptPeer extends PeerAddress {
  keepers: number
}

/** Numbers for peers, for a driver whose socket tells senders by text. No text is hashed for an IPv4 peer. */
export class PeerNumbers {
  /** 0 is nobody. */
  readonly #peers: (KeptPeer | undefined)[] = [undefined]
  readonly #free: number[] = []
  readonly #byAddress: Map<AddressKey, Map<number, number>> = new Map()

  /** The peer's number, or 0 where it is not kept. */
  find(address: string, port: number): number {
    return this.#byAddress.get(addressKey(address))?.get(port) ?? 0
  }

  /** The peer of a number, or undefined where it is not kept. */
  at(number: number): PeerAddress | undefined {
    return this.#peers[number]
  }

  keep({ address, port }: PeerAddress): number {
    const known = this.find(address, port)
    if (known !== 0) {
      ;(this.#peers[known] as KeptPeer).keepers++
      return known
    }
    const number = this.#free.pop() ?? this.#peers.length
    this.#peers[number] = { address, port, keepers: 1 }
    const key = addressKey(address)
    const ports = this.#byAddress.get(key)
    if (ports) ports.set(port, number)
    else this.#byAddress.set(key, new Map([[port, number]]))
    return number
  }

  forget(number: number): void {
    const peer = this.#peers[number]
    if (peer === undefined || --peer.keepers > 0) return
    const key = addressKey(peer.address)
    const ports = this.#byAddress.get(key)
    ports?.delete(peer.port)
    if (ports?.size === 0) this.#byAddress.delete(key)
    this.#peers[number] = undefined
    this.#free.push(number)
  }
}
