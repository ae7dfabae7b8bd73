import type { PeerNumbers } from './peer-numbers.ts'
import type { DatagramBatch, PeerAddress } from './udp-driver.ts'

/** So many turns with one datagram each, and the next are not waited with. */
const ALONE = 64
/** One in so many of those is waited with all the same, to see whether others come with it. */
const PROBE = 16

/**
 * Collects datagrams that Node has given out one by one, up to 32 for each look at a socket, handed on together at the end of the
 * same turn of the event loop. Each step then runs several times in a row, with its code and data in the caches: handed
 * on one by one a datagram costs an eighth to a quarter more (docs/udp-drivers.md). Where they come one a turn, waiting
 * for the turn's end gains nothing and costs a little: then they are handed on at once.
 */
export class TurnBatch {
  readonly #numbers: PeerNumbers
  readonly #onBatch: (batch: DatagramBatch) => void
  #data: Uint8Array[] = []
  #senders: PeerAddress[] = []
  #last: ArrayBatch | undefined
  /** Batches of one in a row. */
  #alone = 0

  constructor(numbers: PeerNumbers, onBatch: (batch: DatagramBatch) => void) {
    this.#numbers = numbers
    this.#onBatch = onBatch
  }

  add(data: Uint8Array, sender: PeerAddress): void {
    const isFirst = this.#data.push(data) === 1
    this.#senders.push(sender)
    if (!isFirst) return
    if (this.#alone >= ALONE && this.#alone % PROBE !== 0) this.deliver()
    else setImmediate(deliver, this)
  }

  /** The socket is closed: what has come is nobody's, what is being given out included. */
  clear(): void {
    this.#data = []
    this.#senders = []
    if (this.#last) this.#last.length = 0
  }

  /** Called at the end of the turn. */
  deliver(): void {
    const { length } = this.#data
    if (length === 0) return
    this.#alone = length === 1 ? this.#alone + 1 : 0
    const batch = (this.#last = new ArrayBatch(this.#numbers, this.#data, this.#senders))
    this.#data = []
    this.#senders = []
    this.#onBatch(batch)
  }
}

class ArrayBatch implements DatagramBatch {
  length: number
  readonly #numbers: PeerNumbers
  readonly #data: readonly Uint8Array[]
  readonly #senders: readonly PeerAddress[]

  constructor(numbers: PeerNumbers, data: readonly Uint8Array[], senders: readonly PeerAddress[]) {
    this.length = data.length
    this.#numbers = numbers
    this.#data = data
    this.#senders = senders
  }

  data(index: number): Uint8Array {
    return this.#data[index] as Uint8Array
  }

  peer(index: number): number {
    const { address, port } = this.sender(index)
    return this.#numbers.find(address, port)
  }

  sender(index: number): PeerAddress {
    return this.#senders[index] as PeerAddress
  }
}

function deliver(batch: TurnBatch): void {
  batch.deliver()
}
