import { PushLimitError } from '../errors/pipeline-errors.ts'
import type { PluginPhase } from '../errors/pipeline-errors.ts'
import type { Direction } from './plugin.ts'
import { takeRejection } from './returned.ts'
import type { Emit, Stage } from './stage.ts'

/** What takes the items of one direction: the next stage, the wire, or the handler's end. */
export interface Next {
  item(item: unknown): void
  /** Every item of one datagram has been given. Never called on a byte stream. */
  endOfDatagram(): void
  end(): void
  /**
   * The input of a stream ends in an error, in the place of {@link end}: told behind all that was given before. Idempotent.
   *
   * @param failed - the site of the stage that failed, where it stands here or further on: up to there nothing is taken any more.
   */
  endWith(error: Error, failed: Site | undefined): void
  /** Forget what is half read. */
  reset(): void
}

/** The place of a stage in its pipeline, for errors. */
export interface Site {
  readonly plugin: string
  readonly direction: Direction
}

/** Both places of a plugin, made once. */
export function sitesOf(plugin: string): Readonly<Record<Direction, Site>> {
  return { inbound: { plugin, direction: 'inbound' }, outbound: { plugin, direction: 'outbound' } }
}

/** What a link needs of the run it belongs to. */
export interface LinkOwner {
  readonly maxPushBytes: number
  /** Set once the run is over: links do nothing from then on. */
  readonly stopped: boolean
  /** Takes what a stage threw. */
  raise(error: unknown, site: Site, phase: PluginPhase, segment?: Segment): void
}

/** Stages that run as one call, from one entry to the wire, to the handler's end or to the next asynchronous stage. */
export interface Segment {
  /** A `FrameError` has come: the rest of this datagram is dropped. */
  skipping: boolean
  /** The items of a datagram are being given just now, or its end: what enters meanwhile belongs to it. */
  feeding: boolean
}

/** Where items can enter a direction: a link, and the run of stages that it begins. */
export interface Entry {
  next: Next
  segment: Segment
}

/** Gives a datagram, or what answers for one, to the stages, and its end; after a bad frame they forget it instead. */
export function feedWhole({ next, segment }: Entry, item: unknown): void {
  const outer = segment.feeding
  segment.feeding = true
  next.item(item)
  if (!segment.skipping) next.endOfDatagram()
  segment.feeding = outer
  // The end itself may have found the frame bad.
  if (!segment.skipping) return
  segment.skipping = false
  next.reset()
}

/** Of a stage that is given nothing more: its direction has ended, or broken. */
const DEAF: Segment = { skipping: true, feeding: false }

/** Ends the inbound direction in an error where a stage failed, or, where none stands at that site, from its beginning on. */
export function endWithAt(first: Next, error: Error, site: Site): void {
  let at: (Partial<StageLink> & Next) | undefined = first
  while (at && at.site !== site) at = at.next
  first.endWith(error, at && site)
}

/** Items that are no bytes count as this much towards `maxPushBytes`: a runaway loop of small messages ends too. */
const MESSAGE_CHARGE = 64

/**
 * One synchronous stage with what comes after it. What a stage throws never passes through the stages before it, which could
 * swallow it or be blamed for it: the link that called the stage takes it.
 *
 * Its private methods are TypeScript's: those of the language would cost each link of an idle connection eight bytes.
 */
export class StageLink implements Next {
  next!: Next
  readonly #owner: LinkOwner
  #segment: Segment
  readonly site: Site
  readonly #stage: Stage<unknown, unknown>
  readonly #emit: Emit<unknown>
  #emitted = 0
  #depth = 0

  constructor(owner: LinkOwner, segment: Segment, site: Site, stage: Stage<unknown, unknown>) {
    this.#owner = owner
    this.#segment = segment
    this.site = site
    this.#stage = stage
    // A bound function, which takes half the memory of a closure with its context.
    this.#emit = this.take.bind(this)
  }

  item(item: unknown): void {
    if (this.#owner.stopped || this.#segment.skipping) return
    if (this.#depth === 0) this.#emitted = 0
    this.#depth++
    try {
      const returned: unknown = this.#stage.push(item, this.#emit)
      if (returned !== undefined) this.watch(returned, 'push')
    } catch (error) {
      if (!this.#owner.stopped) this.#owner.raise(error, this.site, 'push', this.#segment)
    }
    this.#depth--
  }

  endOfDatagram(): void {
    if (this.#stage.endOfDatagram && this.#segment !== DEAF) this.call('endOfDatagram')
    if (!this.#segment.skipping && !this.#owner.stopped) this.next.endOfDatagram()
  }

  end(): void {
    if (this.#stage.end && this.#segment !== DEAF) this.call('end')
    if (this.#owner.stopped || this.#segment === DEAF) return
    this.#segment = DEAF
    this.next.end()
  }

  endWith(error: Error, failed: Site | undefined): void {
    this.#segment = DEAF
    this.next.endWith(error, failed === this.site ? undefined : failed)
  }

  reset(): void {
    if (this.#stage.reset) this.call('reset')
    this.next.reset()
  }

  private take(item: unknown): void {
    if (this.#depth === 0) {
      const late = new TypeError('emit was called after push had returned; use emitInbound or emitOutbound of the context')
      this.#owner.raise(late, this.site, 'emit')
      return
    }
    this.#emitted += item instanceof Uint8Array ? item.length || 1 : MESSAGE_CHARGE
    if (this.#emitted > this.#owner.maxPushBytes) this.refuse()
    if (!this.#segment.skipping) this.next.item(item)
  }

  /** Raised here too, because a stage can catch what it throws. */
  private refuse(): never {
    const error = new PushLimitError(this.#owner.maxPushBytes)
    this.#owner.raise(error, this.site, 'push')
    throw error
  }

  /** A stage that is an async function after all: its rejection is its failure, whatever datagram it was for. */
  private watch(returned: unknown, phase: PluginPhase): void {
    takeRejection(returned, (error) => this.#owner.raise(error, this.site, phase))
  }

  private call(phase: 'endOfDatagram' | 'end' | 'reset'): void {
    if (this.#owner.stopped) return
    this.#emitted = 0
    this.#depth++
    try {
      const returned: unknown = this.#stage[phase]?.(this.#emit)
      if (returned !== undefined) this.watch(returned, phase)
    } catch (error) {
      if (!this.#owner.stopped) this.#owner.raise(error, this.site, phase, this.#segment)
    }
    this.#depth--
  }
}
