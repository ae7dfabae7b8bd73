import { setImmediate as turn } from 'node:timers/promises'
import { definePlugin, handle, type PluginContext, respond, type Stages } from '@millrace/core'
import { echo } from '@millrace/plugins'

type Emit = (chunk: Uint8Array) => void
type ByteStages = Stages<Uint8Array, Uint8Array, Uint8Array, Uint8Array>

/** The word after which a connection fails. */
export const WORD = 'BOOM'
const TICK = 'tick'
const says = (chunk: Uint8Array, word: string): boolean => Buffer.from(chunk).toString() === word

/** How plugins fail, and on which connection. */
export class Fuse {
  /** The next connection fails as it comes in. */
  armed = false
  /** The word has arrived. */
  seen = false
  readonly fail: () => unknown

  constructor(fail: () => unknown) {
    this.fail = fail
  }

  /** Fails for a connection that comes in armed. */
  onEntry(): unknown {
    if (!this.armed) return undefined
    this.armed = false
    return this.fail()
  }

  sees(chunk: Uint8Array): boolean {
    const seen = says(chunk, WORD)
    this.seen ||= seen
    return seen
  }

  /** Fails for the word. */
  onWord(chunk: Uint8Array): unknown {
    return this.sees(chunk) ? this.fail() : undefined
  }
}

/** The plugins of a pipeline in which one fails in one place. */
export type Failing = (fuse: Fuse) => readonly unknown[]

/** The plugin `boom`. Where a function should return nothing it may return what `fail` gives, as an async one would. */
const boom = (open: (context: PluginContext) => unknown) =>
  definePlugin({ name: 'boom', open: (context) => open(context) as ByteStages })()

/** Passes on all, and does something besides on the connection on which the word came. */
const marking = (fuse: Fuse, more: (isBad: () => boolean, context: PluginContext) => object): unknown =>
  boom((context) => {
    let bad = false
    const push = (chunk: Uint8Array, emit: Emit): void => {
      bad ||= fuse.sees(chunk)
      emit(chunk)
    }
    const { stage, ...stages } = { stage: {}, ...more(() => bad, context) }
    return { inbound: { push, ...stage }, ...stages }
  })

const onTimer = (fuse: Fuse, then: (context: PluginContext) => unknown): unknown =>
  boom((context) => ({
    inbound: {
      push: (chunk: Uint8Array, emit: Emit) => {
        if (fuse.sees(chunk)) context.clock.schedule(() => then(context) as void, 100)
        emit(chunk)
      },
    },
  }))

const outbound = (name: string, word: string, fuse: Fuse): unknown => {
  const push = (chunk: Uint8Array, emit: Emit): unknown => {
    fuse.sees(chunk)
    return says(chunk, word) ? fuse.fail() : emit(chunk)
  }
  return definePlugin({ name, open: () => ({ outbound: { push: push as (chunk: Uint8Array, emit: Emit) => void } }) })()
}

export const push: Failing = (fuse) => [
  boom(() => ({ inbound: { push: (chunk: Uint8Array, emit: Emit) => fuse.onWord(chunk) ?? emit(chunk) } })),
]

export const asyncStage = (when: 'before' | 'after'): Failing => (fuse) => [
  boom(() => ({
    inbound: async function* (source: AsyncIterable<Uint8Array>) {
      if (when === 'before') await fuse.onEntry()
      for await (const chunk of source) {
        await turn()
        if (when === 'after') await fuse.onWord(chunk)
        yield chunk
      }
    },
  })),
]

/** A plugin that fails in one place, and what serves. */
export const places = {
  accept: (fuse) => [
    definePlugin({ name: 'boom', accept: () => fuse.onEntry() as void, open: () => ({}) })(),
    echo(),
  ],
  open: (fuse) => [boom(() => fuse.onEntry() ?? {}), echo()],
  push: (fuse) => [...push(fuse), echo()],
  endOfDatagram: (fuse) => [
    marking(fuse, (isBad) => ({ stage: { endOfDatagram: () => (isBad() ? fuse.fail() : undefined) } })),
    echo(),
  ],
  end: (fuse) => [marking(fuse, (isBad) => ({ stage: { end: () => (isBad() ? fuse.fail() : undefined) } })), echo()],
  'an AsyncStage, called': (fuse) => [boom(() => ({ inbound: (source: unknown) => fuse.onEntry() ?? source })), echo()],
  'an AsyncStage before its first await': (fuse) => [...asyncStage('before')(fuse), echo()],
  'an AsyncStage after an await': (fuse) => [...asyncStage('after')(fuse), echo()],
  'a timer': (fuse) => [onTimer(fuse, () => fuse.fail()), echo()],
  "a timer's emitOutbound": (fuse) => [
    outbound('above', TICK, fuse),
    onTimer(fuse, ({ emitOutbound }) => emitOutbound(Buffer.from(TICK))),
    echo(),
  ],
  'an outbound push': (fuse) => [outbound('boom', WORD, fuse), echo()],
  close: (fuse) => [marking(fuse, (isBad) => ({ close: () => (isBad() ? fuse.fail() : undefined) })), echo()],
  'handle, at once': (fuse) => [
    handle((connection) => (fuse.onEntry() as undefined) ?? connection.sink(connection.source)),
  ],
  'handle, after an await': (fuse) => [
    handle(async (connection) => {
      for await (const chunk of connection) {
        await fuse.onWord(chunk)
        connection.write(chunk)
      }
    }),
  ],
  respond: (fuse) => [respond((chunk: Uint8Array) => (fuse.onWord(chunk) as undefined) ?? chunk)],
} satisfies Record<string, Failing>
