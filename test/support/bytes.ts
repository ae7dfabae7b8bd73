import { createHash } from 'node:crypto'
import { seededRandom } from '@millrace/core/testing'

/** Bytes that look random and are the same for the same seed: a lost, doubled or exchanged piece shows. */
export function seededBytes(length: number, seed = 1): Buffer {
  const random = seededRandom(seed)
  const words = new Uint32Array(Math.ceil(length / 4))
  for (let i = 0; i < words.length; i++) words[i] = random() * 2 ** 32
  return Buffer.from(words.buffer, 0, length)
}

/** What stands for the bytes in an assertion, which would print megabytes of them otherwise. */
export interface Digest {
  readonly bytes: number
  readonly sha256: string
}

/** Counts and hashes chunks as they come, so that no test keeps what it checks. */
export class Digester {
  #bytes = 0
  readonly #hash = createHash('sha256')

  push(chunk: Uint8Array): void {
    this.#bytes += chunk.byteLength
    this.#hash.update(chunk)
  }

  get bytes(): number {
    return this.#bytes
  }

  end(): Digest {
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex') }
  }
}

export function digestOf(...chunks: Uint8Array[]): Digest {
  const digester = new Digester()
  for (const chunk of chunks) digester.push(chunk)
  return digester.end()
}
