import { Buffer } from 'node:buffer'
import { asFrame, type ConfiguredPlugin, definePlugin, type Emit, type Frame } from '@millrace/core'

type Framer = ConfiguredPlugin<Uint8Array, Frame, Uint8Array, Uint8Array, 'frame'>

/** Lines, in a few lines of code. */
export const newlines: () => Framer = definePlugin({
  name: 'newlines',
  produces: 'frame',
  open: () => {
    let rest = ''
    return {
      inbound: {
        push(chunk: Uint8Array, emit: Emit<Frame>) {
          const parts = (rest + Buffer.from(chunk).toString('latin1')).split('\n')
          rest = parts.pop() ?? ''
          for (const line of parts) emit(asFrame(Buffer.from(line)))
        },
      },
      outbound: { push: (line: Uint8Array, emit: Emit<Uint8Array>) => emit(Buffer.concat([line, Buffer.from('\n')])) },
    }
  },
})

/** A byte that says how many follow. */
export const counted: () => Framer = definePlugin({
  name: 'counted',
  produces: 'frame',
  open: () => {
    let held: number[] = []
    return {
      inbound: {
        push(chunk: Uint8Array, emit: Emit<Frame>) {
          for (const byte of chunk) {
            held.push(byte)
            if (held.length <= (held[0] as number)) continue
            emit(asFrame(Buffer.from(held.slice(1))))
            held = []
          }
        },
      },
      outbound: { push: (frame: Uint8Array, emit: Emit<Uint8Array>) => emit(Buffer.from([frame.length, ...frame])) },
    }
  },
})
