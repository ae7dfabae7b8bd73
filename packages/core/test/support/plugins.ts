import {
  definePlugin,
  type AsyncStage,
  type PluginContext,
  type Plugin,
  type Stage,
  type Stages,
} from '../../src/index.ts'
import { joined } from '../../src/testing/index.ts'

type Bytes = Uint8Array

export const encode = (text: string): Bytes => new TextEncoder().encode(text)
export const decode = (...chunks: readonly Bytes[]): string => new TextDecoder().decode(joined(chunks))
export const textOf = (chunks: readonly Bytes[]): string => decode(...chunks)

/** A plugin of bytes made from its stages. */
export function staged(
  name: string,
  open: (context: PluginContext) => Stages<Bytes, Bytes, Bytes, Bytes>,
  rest: Partial<Pick<Plugin<Bytes, Bytes, Bytes, Bytes>, 'accept' | 'dispose' | 'gates' | 'perDatagram'>> = {},
): ReturnType<ReturnType<typeof definePlugin<Bytes, Bytes, Bytes, Bytes>>> {
  return definePlugin<Bytes, Bytes, Bytes, Bytes>({ name, open, ...rest })()
}

/** A plugin of bytes with nothing but an inbound stage. */
export const inbound = (
  name: string,
  stage: Stage<Bytes, Bytes> | AsyncStage<Bytes, Bytes>,
): ReturnType<typeof staged> =>
  staged(name, () => ({ inbound: stage }))

/** Puts its name behind each chunk, in both directions, and as its last word its name in capitals. */
export const tag = (name: string): ReturnType<typeof staged> => {
  const stage: Stage<Bytes, Bytes> = {
    push: (chunk, emit) => emit(encode(decode(chunk) + name)),
    end: (emit) => emit(encode(name.toUpperCase())),
  }
  return staged(name, () => ({ inbound: stage, outbound: stage }))
}

/** Sends back what reaches it. */
export const echo = definePlugin<Bytes, never, never, Bytes, Record<never, never>, Record<never, never>, 'nothing'>({
  name: 'echo',
  accepts: 'any',
  produces: 'nothing',
  perDatagram: true,
  open: ({ emitOutbound }) => ({ inbound: { push: (chunk) => emitOutbound(chunk) } }),
})

/** A text for each chunk, and back; what is half a line waits for the rest. */
export const lines = definePlugin<Bytes, string, string, Bytes, Record<never, never>, Record<never, never>, 'message'>({
  name: 'lines',
  produces: 'message',
  open: () => {
    let rest = ''
    return {
      inbound: {
        push: (chunk, emit) => {
          const parts = (rest + decode(chunk)).split('\n')
          rest = parts.pop() as string
          for (const part of parts) emit(part)
        },
      },
      outbound: { push: (line, emit) => emit(encode(`${line}\n`)) },
    }
  },
})
