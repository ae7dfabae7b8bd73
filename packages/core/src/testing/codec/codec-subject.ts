import { FrameError } from '../../errors/frame-errors.ts'
import { createContainer } from '../../container/container.ts'
import type { Accepts } from '../../container/plugin-description.ts'
import { Attributes } from '../../pipeline/attributes.ts'
import type { PluginContext } from '../../pipeline/plugin.ts'
import { type AsyncStage, isAsyncStage, type Stage } from '../../pipeline/stage.ts'
import type { MadeCodec } from './codec-options.ts'
import { contentOf, factsOf, type Outcome } from './outcome.ts'

type AnyStage = Stage<unknown, unknown>

/** A codec, built once, to be opened for as many inputs as there are. */
export class CodecSubject {
  readonly accepts: Accepts
  readonly #open: (context: PluginContext) => { inbound?: unknown; outbound?: unknown }
  readonly #takes: Readonly<Record<'stream' | 'datagram', boolean>>

  constructor(made: MadeCodec<never>) {
    this.accepts = made.description.accepts
    const plugin = made.build(createContainer())
    this.#open = (context) => plugin.open(context)
    const accepts = (datagram: boolean): boolean => plugin.accept?.(bareContext(datagram, []).connection) === undefined
    this.#takes = { stream: accepts(false), datagram: accepts(true) }
  }

  /** Whether a server would open it there: `accept` may turn streams away, or datagrams. */
  takes(over: 'stream' | 'datagram'): boolean {
    return this.#takes[over]
  }

  /** Fresh stages, on a stream or on datagrams; by default on a stream, where the codec takes any. */
  open(datagram = !this.takes('stream')): OpenCodec {
    return new OpenCodec(this.#open, datagram)
  }

  /** What all of an input comes to, opened for it alone: a stream that ends, or one datagram where it takes no streams. */
  decode(items: readonly unknown[], afterPush?: (item: unknown) => void): Outcome {
    const open = this.open()
    return this.takes('stream') ? open.decode(items, true, afterPush) : open.decodeDatagram(items, afterPush)
  }

  /** What a message is on the wire: one item. A codec may frame datagrams otherwise than a stream, or not at all. */
  encode(message: unknown, datagram?: boolean): unknown {
    const items: unknown[] = []
    this.open(datagram).outbound.push(message, (item) => void items.push(item))
    if (items.length !== 1) throw new Error(`one message was encoded as ${items.length} items: a datagram carries one`)
    return items[0]
  }
}

/** A codec's stages on a connection that does not exist. */
export class OpenCodec {
  readonly inbound: AnyStage
  readonly outbound: AnyStage
  /** What the codec has reported as events. */
  readonly events: unknown[] = []
  readonly #items: unknown[] = []

  constructor(open: (context: PluginContext) => { inbound?: unknown; outbound?: unknown }, datagram: boolean) {
    const { inbound, outbound } = open(bareContext(datagram, this.events))
    this.inbound = synchronous(inbound)
    this.outbound = synchronous(outbound)
  }

  /**
   * Pushes items, and ends the stream after them unless told otherwise.
   *
   * @param afterPush - is given each item once it has been pushed.
   */
  decode(items: readonly unknown[], ends = true, afterPush?: (item: unknown) => void): Outcome {
    return this.#collect(() => {
      for (const item of items) {
        this.inbound.push(item, this.#emit)
        afterPush?.(item)
      }
      if (ends) this.inbound.end?.(this.#emit)
    })
  }

  /** One datagram, in the pieces that a plugin before makes of it. A bad one is forgotten, as the engine does. */
  decodeDatagram(pieces: readonly unknown[], afterPush?: (item: unknown) => void): Outcome {
    const outcome = this.#collect(() => {
      for (const piece of pieces) {
        this.inbound.push(piece, this.#emit)
        afterPush?.(piece)
      }
      this.inbound.endOfDatagram?.(this.#emit)
    })
    if (outcome.error) this.inbound.reset?.()
    return outcome
  }

  readonly #emit = (item: unknown): void => void this.#items.push(contentOf(item))

  #collect(work: () => void): Outcome {
    let error: unknown
    try {
      work()
    } catch (thrown) {
      if (!(thrown instanceof FrameError)) throw thrown
      error = thrown
    }
    const discarded = this.events.splice(0).map(factsOf)
    return { items: this.#items.splice(0), discarded, error: error === undefined ? undefined : factsOf(error) }
  }
}

function synchronous(stage: unknown): AnyStage {
  if (stage === undefined) return { push: (item, emit) => emit(item), borrows: true }
  if (isAsyncStage(stage as AnyStage | AsyncStage<unknown, unknown>)) {
    throw new TypeError('a codec has synchronous stages')
  }
  return stage as AnyStage
}

const ADDRESS = { address: 'memory', port: 1, family: 'memory' } as const
const NEVER: AbortSignal = new AbortController().signal

function bareContext(datagram: boolean, events: unknown[]): PluginContext {
  const refuse = (): never => {
    throw new TypeError('a codec gives its items to emit, in its turn')
  }
  const connection = {
    id: 'codec',
    transport: 'memory',
    datagram,
    localAddress: ADDRESS,
    remoteAddress: ADDRESS,
    bytesRead: 0,
    bytesWritten: 0,
  } as const
  return {
    connection,
    attributes: new Attributes(),
    signal: NEVER,
    draining: NEVER,
    framed: false,
    clock: { now: () => 0, schedule: refuse },
    emitInbound: refuse,
    emitOutbound: refuse,
    hold: refuse,
    fail: refuse,
    close: refuse,
    event: (payload) => void events.push(payload),
    readingSince: -Infinity,
    watchFrames: refuse,
    upgrade: refuse,
    proceed: refuse,
  }
}
