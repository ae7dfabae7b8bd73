import { Buffer } from 'node:buffer'
import { performance } from 'node:perf_hooks'
import { type Reply, RespError } from './messages.ts'

interface Entry {
  readonly value: Uint8Array
  /** When it is gone, on the clock of `performance.now()`; `Infinity` is never. */
  readonly expires: number
}

/** In bytes: what an entry costs beside its key and its value, about. */
const ENTRY = 128
const sizeOf = (key: string, { value }: Entry): number => ENTRY + key.length + value.length

/** Keys and values, up to so many bytes. What has expired is dropped when it is asked for, or when room is short. */
export class Store {
  readonly #entries = new Map<string, Entry>()
  readonly #maxBytes: number
  #bytes = 0
  #nextSweep = 0

  constructor({ maxBytes }: { readonly maxBytes: number }) {
    this.#maxBytes = maxBytes
  }

  get(key: string): Uint8Array | undefined {
    return this.#find(key)?.value
  }

  /** @throws {@link RespError} where there is no room. */
  set(key: string, value: Uint8Array, ttl = Infinity): Reply {
    if (ttl <= 0) throw new RespError('ERR invalid expire time')
    this.#put(key, { value, expires: performance.now() + ttl })
    return 'OK'
  }

  delete(key: string): boolean {
    const entry = this.#find(key)
    if (entry) this.#drop(key, entry)
    return entry !== undefined
  }

  /** Adds one to an integer of at most 15 digits. */
  increment(key: string): number {
    const { value, expires } = this.#find(key) ?? { value: Buffer.from('0'), expires: Infinity }
    const text = Buffer.from(value).toString('latin1')
    if (!/^-?\d{1,15}$/.test(text)) throw new RespError('ERR value is not an integer or out of range')
    const next = Number(text) + 1
    this.#put(key, { value: Uint8Array.from(Buffer.from(String(next))), expires })
    return next
  }

  /** @returns whether there is such a key. */
  expire(key: string, ttl: number): boolean {
    const entry = this.#find(key)
    if (entry) this.#entries.set(key, { ...entry, expires: performance.now() + ttl })
    return entry !== undefined
  }

  /** -1 where it never expires, -2 where there is none. */
  secondsLeft(key: string): number {
    const entry = this.#find(key)
    if (entry === undefined) return -2
    return entry.expires === Infinity ? -1 : Math.ceil((entry.expires - performance.now()) / 1000)
  }

  #find(key: string): Entry | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined || entry.expires > performance.now()) return entry
    this.#drop(key, entry)
    return undefined
  }

  #put(key: string, entry: Entry): void {
    const before = this.#find(key)
    const more = sizeOf(key, entry) - (before ? sizeOf(key, before) : 0)
    if (this.#bytes + more > this.#maxBytes) this.#sweep()
    if (this.#bytes + more > this.#maxBytes) throw new RespError('OOM there is no room for that')
    this.#entries.set(key, entry)
    this.#bytes += more
  }

  #drop(key: string, entry: Entry): void {
    this.#entries.delete(key)
    this.#bytes -= sizeOf(key, entry)
  }

  /** At most once a second: whoever fills the store must not make everybody wait. */
  #sweep(): void {
    if (performance.now() < this.#nextSweep) return
    this.#nextSweep = performance.now() + 1000
    for (const key of this.#entries.keys()) this.#find(key)
  }
}
