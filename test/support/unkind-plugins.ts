import { definePlugin } from '@millrace/core'

type Emit = (chunk: Uint8Array) => void

/** Gives ten times what it gets. */
export const tenfold = definePlugin({
  name: 'tenfold',
  open: () => ({
    inbound: {
      push: (chunk: Uint8Array, emit: Emit) => {
        for (let i = 0; i < 10; i++) emit(chunk)
      },
    },
  }),
})

/** Adds to each byte how many came before it: state not to be lost between chunks nor shared between connections. */
export const counting = definePlugin({
  name: 'counting',
  open: () => {
    let seen = 0
    const push = (chunk: Uint8Array, emit: Emit): void => emit(chunk.map((byte) => byte + seen++))
    return { inbound: { push } }
  },
})

/** Awaits for each chunk. */
export const awaiting = definePlugin({
  name: 'awaiting',
  open: () => ({
    inbound: async function* (source: AsyncIterable<Uint8Array>) {
      for await (const chunk of source) {
        await new Promise<void>((resolve) => setImmediate(resolve))
        yield chunk
      }
    },
  }),
})

/** Says nothing until the end, then how many bytes there were. */
export const totalling = definePlugin({
  name: 'totalling',
  open: () => {
    let total = 0
    return {
      inbound: {
        push: (chunk: Uint8Array) => void (total += chunk.byteLength),
        end: (emit: Emit) => emit(new TextEncoder().encode(String(total))),
      },
    }
  },
})

/** Throws once more than 100 bytes have come. */
export const failing = definePlugin({
  name: 'failing',
  open: () => {
    let seen = 0
    const push = (chunk: Uint8Array, emit: Emit): void => {
      seen += chunk.byteLength
      if (seen > 100) throw new Error('more than 100 bytes')
      emit(chunk)
    }
    return { inbound: { push } }
  },
})
