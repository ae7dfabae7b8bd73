import type { Binding, SocketHandle } from '../src/binding.ts'

const STATE_WORDS = 4
const RING = 8
const RING_BYTES = 4_096

/** The C side of one socket, whose kernel does as it is told. */
export class FakeBinding {
  readonly shared: ArrayBuffer = new ArrayBuffer(4 * (STATE_WORDS + 5 * RING) + RING_BYTES)
  readonly handle = {} as SocketHandle
  /** What was sent: where to, and the bytes as text. */
  readonly sent: string[] = []
  readonly forgotten: number[] = []
  /** Datagrams that the kernel has room for. */
  room = Infinity
  /** What it says when there is none. */
  errno = 11
  /** Datagrams that it refuses, by their text. */
  readonly refused: Map<string, number> = new Map()
  flushes = 0
  /** Of each flush, whether the order of different peers was left to the C side. */
  readonly grouped: boolean[] = []
  watched = 0
  readonly #words: Uint32Array = new Uint32Array(this.shared, 0, STATE_WORDS + 5 * RING)
  readonly #bytes: Uint8Array = new Uint8Array(this.shared, this.#words.byteLength, RING_BYTES)
  readonly #aimed: Map<number, string> = new Map()

  readonly binding: Binding = {
    ringEntries: RING,
    ringBytes: RING_BYTES,
    sharedBytes: this.shared.byteLength,
    aim: (_socket: SocketHandle, index: number, address: string, port: number) => {
      if (address === 'nonsense') return -22
      this.#aimed.set(index, `${address}:${port}`)
      return 0
    },
    flush: (_socket: SocketHandle, groups: boolean) => this.flush(groups),
    watchWritable: () => ++this.watched,
    forget: (_socket: SocketHandle, peer: number) => void this.forgotten.push(peer),
  } as unknown as Binding

  /** As the C side does it: a flush that does not send everything leaves the ring as it is. */
  flush(groups = true): number {
    this.grouped.push(groups)
    const words = this.#words
    const count = words[0] as number
    this.flushes++
    let failed = 0
    let done = 0
    words[2] = 0
    for (; done < count; done++) {
      const [peer = 0, offset = 0, length = 0] = words.subarray(STATE_WORDS + 2 * RING + 3 * done)
      const text = new TextDecoder().decode(this.#bytes.subarray(offset, offset + length))
      const error = peer === 0xff_ff_ff_fe ? 22 : this.refused.get(text)
      if (error === undefined && this.room === 0) {
        words[2] = this.errno
        break
      }
      if (error === undefined) this.room--
      if (error === undefined) this.sent.push(`${peer === 0xff_ff_ff_ff ? this.#aimed.get(done) : peer} ${text}`)
      else words.set([done, error], STATE_WORDS + 2 * failed++)
    }
    words[1] = failed
    if (failed === 0 && words[2] === 0) words[0] = 0
    return done
  }

  /** What a batch is given out under. */
  set delivering(value: boolean) {
    this.#words[3] = Number(value)
  }
}
