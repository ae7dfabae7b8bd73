import type { PeerNumbers } from './peer-numbers.ts'
import type { DatagramBatch, PeerAddress } from './udp-driver.ts'

/**
 * Datagrams that Node has given out one by one, up to 32 for each look at a socket, handed on together at the end of the
 * same turn of the event loop. Each step then runs several times in a row, with its code and data in the caches: one
 * datagram at a time costs up to a sixth more (docs/udp-drivers.md).
 */
export class TurnBatch implements DatagramBatch {
  readonly #numbers: PeerNumbers
  readonly #onBatch: (batch: DatagramBatch) => void
  #data: Uint8Array[] = []
  #senders: PeerAddress[] = []

  constructor(numbers: PeerNumbers, onBatch: (batch: DatagramBatch) => void) {
    this.#numbers = numbers
    this.#onBatch = onBatch
  }

  get length(): number {
    return this.#data.length
  }

  add(data: Uint8Array, sender: PeerAddress): void {
    if (this.#data.push(data) === 1) setImmediate(deliver, this)
    this.#senders.push(sender)
  }

  /** The socket is closed: what has come is nobody's. */
  clear(): void {
    this.#data = []
    this.#senders = []
  }

  /** Called at the end of the turn. */
  deliver(): void {
    if (this.length > 0) this.#onBatch(this)
    this.clear()
  }

  data(index: number): Uint8Array {
    return this.#data[index] as Uint8Array
  }

  peer(index: number): number {
    const { address, port } = this.#senders[index] as PeerAddress
    return this.#numbers.find(address, port)
  }

  sender(index: number): PeerAddress {
    return this.#senders[index] as PeerAddress
  }
}

function deliver(batch: TurnBatch): void {
  batch.deliver()
}
