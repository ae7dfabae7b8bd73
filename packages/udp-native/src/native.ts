import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { markAsUntransferable } from 'node:worker_threads'
import type { Binding } from './binding.ts'

/** Bytes of one slab, from which the datagrams of several batches are cut; a larger datagram gets one of its own. */
const SLAB_BYTES = 32 * 1024

/** The binary, loaded, and what all sockets of one thread share. */
export interface Native {
  /** @internal */
  readonly binding: Binding
  /**
   * Of the batch that is being given out: offset, length, peer and message of each datagram.
   *
   * @internal
   */
  readonly entries: Uint32Array
  /**
   * What the datagrams of the current batch lie in. Never written to again where something has been read into it: its
   * readers keep parts of it.
   *
   * @internal
   */
  readonly slab: Buffer
}

class LoadedNative implements Native {
  readonly binding: Binding
  readonly entries: Uint32Array
  slab: Buffer = Buffer.alloc(0)

  constructor(binding: Binding) {
    this.binding = binding
    this.entries = new Uint32Array(binding.batchEntries * 4)
    binding.setup(this.entries, (bytes) => this.#renew(bytes))
  }

  /** Not zeroed first: only what has been read into it is ever given out. */
  #renew(bytes: number): ArrayBuffer {
    this.slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, bytes))
    const memory = this.slab.buffer as ArrayBuffer
    // As Node's own pool is: a reader that gave his datagram to another thread would take it all from the others, and from the C side.
    markAsUntransferable(memory)
    return memory
  }
}

let loaded: Native | undefined

/**
 * Loads the binary for this platform, once.
 *
 * @throws Error that says why it cannot: no binary for this platform, or one that this system does not take (one for
 * glibc on musl, say).
 */
export function loadNative(): Native {
  return (loaded ??= new LoadedNative(load()))
}

function load(): Binding {
  const platform = `${process.platform}-${process.arch}`
  const file = fileURLToPath(new URL(`../prebuilds/${platform}/udp.node`, import.meta.url))
  if (!existsSync(file)) throw new Error(`there is no binary for ${platform}`)
  return createRequire(import.meta.url)(file) as Binding
}
