// Checked by the compiler alone: what stands here compiles, and what is marked as an error is one.
import {
  asFrame,
  type ConfiguredPlugin,
  definePlugin,
  type Frame,
  handle,
  type Handler,
  type MessageConnection,
  type Pipeline,
  pipeline,
  respond,
} from '../src/index.ts'

type Bytes = Uint8Array
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Compiles where the type is `true`. */
const holds = <_T extends true>(): void => {}

interface Query {
  readonly id: number
}
interface Reply {
  readonly id: number
  readonly text: string
}

const bytes = definePlugin({ name: 'bytes', open: () => ({}) })
const framer = definePlugin<Bytes, Frame, Frame, Bytes, Record<never, never>, Record<never, never>, 'frame'>({
  name: 'framer',
  produces: 'frame',
  open: () => ({
    inbound: { push: (chunk, emit) => emit(asFrame(chunk)) },
    outbound: { push: (frame, emit) => emit(frame) },
  }),
})
const codec = definePlugin<Frame, Query, Reply, Frame, Record<never, never>, Record<never, never>, 'message'>({
  name: 'codec',
  accepts: 'frame',
  produces: 'message',
  open: () => ({}),
})
declare const passing: <Item>() => ConfiguredPlugin<unknown, Item, unknown, Item, 'same'>
declare const echo: () => ConfiguredPlugin<unknown, Bytes, never, Bytes, 'nothing'> & { readonly returns: 'same' }

// Joints that fit.
holds<Equal<ReturnType<typeof chunks>, Pipeline<Bytes, Bytes, false>>>()
const chunks = () => pipeline(bytes(), bytes())
holds<Equal<ReturnType<typeof queries>, Pipeline<Query, Reply, false>>>()
const queries = () => pipeline(bytes(), framer(), codec())
holds<Equal<ReturnType<typeof served>, Pipeline<Query, Reply, true>>>()
const served = () => pipeline(framer(), codec(), handle<Query, Reply>(() => {}))
holds<Equal<ReturnType<typeof echoed>, Pipeline<Bytes, Bytes, true>>>()
const echoed = () => pipeline(bytes(), passing(), echo())
holds<Equal<ReturnType<typeof passed>, Pipeline<Query, Reply, false>>>()
const passed = () => pipeline(framer(), passing(), codec(), passing())
holds<Equal<ReturnType<typeof nothing>, Pipeline<Bytes, Bytes, false>>>()
const nothing = () => pipeline()

// A frame is bytes: what takes chunks may follow a framer. Chunks are no frames.
pipeline(framer(), handle<Bytes, Frame>(() => {}))
// @ts-expect-error chunks come from the wire, and the codec takes whole frames
pipeline(codec())
// @ts-expect-error chunks come from the plugin before, and the codec takes whole frames
pipeline(bytes(), codec())
// @ts-expect-error messages come from the codec, and this plugin takes bytes
pipeline(framer(), codec(), bytes())
// @ts-expect-error the handler sends bytes, and the codec before it takes replies
pipeline(framer(), codec(), handle<Query, Bytes>(() => {}))
// @ts-expect-error the handler takes texts, and queries come
pipeline(framer(), codec(), handle<string, Reply>(() => {}))
// @ts-expect-error echo sends queries back, and the codec before it takes replies
pipeline(framer(), codec(), echo())
// @ts-expect-error a factory that was not called
pipeline(bytes, echo())
// @ts-expect-error what is no plugin at all
pipeline({ name: 'bytes' })
// @ts-expect-error through one that passes everything on, the joint is still wrong
pipeline(passing(), codec())

// What a handler may send can be narrower than what the codec takes, and what it takes wider than what comes.
pipeline(framer(), codec(), handle<Query | string, Reply & { readonly extra: true }>(() => {}))

// Handlers are bytes by default, and infer what they answer.
holds<Equal<ReturnType<typeof plain>, Handler<Bytes, Bytes>>>()
const plain = () => handle(() => {})
handle<Query, Reply>(async (connection) => {
  holds<Equal<typeof connection, MessageConnection<Query, Reply>>>()
  for await (const query of connection) connection.write({ id: query.id, text: '' })
  // @ts-expect-error no reply
  connection.write({ id: 1 })
})
pipeline(framer(), codec(), respond<Query, Reply>(({ id }) => ({ id, text: '' })))
pipeline(framer(), codec(), respond<Query, Reply>(async ({ id }) => [{ id, text: '' }]))
// @ts-expect-error no reply
respond<Query, Reply>(({ id }) => ({ id }))

// The options of a plugin are checked too.
const sized = definePlugin({
  name: 'sized',
  options: {
    size: { type: 'integer', range: [1, 9], default: 1, help: '' },
    mode: { type: 'string', values: ['fast', 'slow'], default: 'fast', help: '' },
  },
  primary: 'size',
  open: (_context, { size, mode }) => {
    holds<Equal<typeof size, number>>()
    holds<Equal<typeof mode, 'fast' | 'slow'>>()
    return {}
  },
})
sized({ size: 5, mode: 'slow' })
// @ts-expect-error misspelt
sized({ siez: 5 })
// @ts-expect-error of another type
sized({ size: '5' })
// @ts-expect-error no such value
sized({ mode: 'medium' })
// @ts-expect-error the primary option is none of its options
definePlugin({ name: 'wrong', options: {}, primary: 'size', open: () => ({}) })
