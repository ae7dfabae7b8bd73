import type { PeerNumbers } from './peer-numbers.ts'
import type { DatagramBatch, PeerAddress } from './udp-driver.ts'

/** So many turns with one datagram each, and the next are not waited with. */
const ALONE = 64
/** One in so many of those is waited with all the same, to see whether others come with it. */
const PROBE = 16

/**
 * Datagrams that Node has given out one by one, up to 32 for each look at a socket, handed on together at the end of the
 * same turn of the event loop. Each step then runs several times in a row, with its code and data in the caches: handed
 * on one by one a datagram costs an eighth to a quarter more (docs/udp-drivers.md). Where they come one a turn, waiting
 * for the turn's end gains nothing and costs a little: then they are handed on at once.
 */
export class TurnBatch implements DatagramBatch {
  readonly #numbers: PeerNumbers
  readonly #onBatch: (batch: DatagramBatch) => void
  #data: Uint8Array[] = []
  #senders: PeerAddress[] = []
  /** Batches of one in a row. */
  #alone = 0

  constructor(numbers: PeerNumbers, onBatch: (batch: DatagramBatch) => void) {
    this.#numbers = numbers
    this.#onBatch = onBatch
  }

  get length(): number {
    return this.#data.length
  }

  add(data: Uint8Array, sender: PeerAddress): void {
    const isFirst = this.#data.push(data) === 1
    this.#senders.push(sender)
    if (!isFirst) return
    if (this.#alone >= ALONE && this.#alone % PROBE !== 0) this.deliver()
    else setImmediate(deliver, this)
  }

  /** The socket is closed: what has come is nobody's. */
  clear(): void {
    this.#data = []
    this.#senders = []
  }

  /** Called at the end of the turn. */
  deliver(): void {
    if (this.length === 0) return
    this.#alone = this.length === 1 ? this.#alone + 1 : 0
    this.#onBatch(this)
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
