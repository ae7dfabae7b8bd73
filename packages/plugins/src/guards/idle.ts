import {
  type Emit,
  inject,
  injectable,
  InvalidOptionError,
  type Plugin,
  PLUGIN_OPTIONS,
  type PluginContext,
  type PluginDescription,
  type Stage,
  type Stages,
  use,
} from '@millrace/core'
import type { GuardFactory, PassingPlugin } from './guard-factory.ts'
import { IDLE, IdleEvents, type IdleKind } from './idle-events.ts'

/** Options of {@link idle}, in ms: 0 to 2,147,483,647, of which 0 is off. At least one is more. */
export interface IdleOptions {
  /**
   * Nothing has arrived for so long.
   *
   * @defaultValue 0
   */
  readonly read?: number
  /**
   * Nothing has been written for so long.
   *
   * @defaultValue 0
   */
  readonly write?: number
  /**
   * Neither has happened for so long.
   *
   * @defaultValue 30_000
   */
  readonly either?: number
}

const TIME = { type: 'integer', unit: 'ms', range: [0, 2_147_483_647] } as const

/** The plugin behind {@link idle}. */
@injectable()
export class Idle implements Plugin<unknown, unknown, unknown, unknown> {
  static readonly description: PluginDescription & { readonly produces: 'same' } = {
    name: 'idle',
    help: 'tells plugins and the handler when a connection has been silent, and ends nothing',
    options: {
      read: { ...TIME, default: 0, help: 'nothing has arrived for so long; 0: off' },
      write: { ...TIME, default: 0, help: 'nothing has been written for so long; 0: off' },
      either: { ...TIME, default: 30_000, help: 'neither has happened for so long; 0: off' },
    },
    primary: 'either',
    accepts: 'any',
    produces: 'same',
  }

  readonly name = 'idle'
  readonly #timeouts: readonly (readonly [IdleKind, number])[]

  constructor(@inject(PLUGIN_OPTIONS) { read, write, either }: Required<IdleOptions>) {
    const all = [['read', read], ['write', write], ['either', either]] as const
    this.#timeouts = all.filter(([, timeout]) => timeout > 0)
  }

  open(context: PluginContext): Stages<unknown, unknown, unknown, unknown> {
    const events = new IdleEvents()
    context.attributes.set(IDLE, events)
    const [inbound, outbound] = [new Passage(context), new Passage(context)]
    const lastOf = {
      // While nobody reads from the peer, its silence says nothing.
      read: () => Math.max(inbound.last, context.readingSince ?? context.clock.now()),
      write: () => outbound.last,
      either: () => Math.max(inbound.last, outbound.last),
    }
    for (const [kind, timeout] of this.#timeouts) new Silence(context, kind, timeout, lastOf[kind], events).wait(timeout)
    return { inbound, outbound }
  }
}

/** One direction: remembers when the last item went by. */
class Passage implements Stage<unknown, unknown> {
  readonly borrows = true
  last: number
  readonly #clock: PluginContext['clock']

  constructor({ clock }: PluginContext) {
    this.#clock = clock
    this.last = clock.now()
  }

  push(item: unknown, emit: Emit<unknown>): void {
    this.last = this.#clock.now()
    emit(item)
  }
}

/** Watches for one kind of silence, with one timer however many items go by. */
class Silence {
  readonly #context: PluginContext
  readonly #kind: IdleKind
  readonly #timeout: number
  readonly #lastActivity: () => number
  readonly #events: IdleEvents
  /** When the silence that has been told of began. */
  #since: number | undefined
  #count = 0

  constructor(context: PluginContext, kind: IdleKind, timeout: number, lastActivity: () => number, events: IdleEvents) {
    this.#context = context
    this.#kind = kind
    this.#timeout = timeout
    this.#lastActivity = lastActivity
    this.#events = events
  }

  wait(delay: number): void {
    this.#context.clock.schedule(() => this.#look(), delay)
  }

  #look(): void {
    const { clock, event: report } = this.#context
    const last = this.#lastActivity()
    if (last !== this.#since) this.#count = 0
    const left = last + (this.#count + 1) * this.#timeout - clock.now()
    if (left > 0) return this.wait(left)
    this.#since = last
    const event = { type: 'idle', kind: this.#kind, duration: ++this.#count * this.#timeout, count: this.#count } as const
    this.wait(this.#timeout)
    // The server hears once of each silence.
    if (this.#count === 1) report(event)
    this.#events.tell(event)
  }
}

/**
 * Tells plugins and the handler of a connection, or UDP session, when it has been silent: a protocol's ping, a goodbye. It
 * ends nothing: that is what `idleTimeout` of a server or client is for, which sees every byte.
 *
 * What counts is what goes by where it stands: behind a framer, whole frames. Who wants to hear listens to the events
 * that are in `attributes` under {@link IDLE}; they come again after each further `timeout` of the same silence. The
 * server reports the first of each silence as a `plugin-event`. The reading time does not run while the peer is not being
 * read from. It keeps state, so it cannot serve statelessly.
 *
 * @throws {@link InvalidOptionError} where all are 0, and for an option that is unknown, of another type or out of range.
 *
 * @example
 * const greet = handle(async (connection) => {
 *   connection.attributes.get(IDLE)?.listen(() => connection.write(Buffer.from('still there?')))
 *   for await (const chunk of connection) connection.write(chunk)
 * })
 * createTcpServer(pipeline(idle({ either: 20_000 }), greet))
 */
export const idle: GuardFactory<IdleOptions> = Object.assign(create, { description: Idle.description })

function create<Item>(options?: IdleOptions): PassingPlugin<Item> {
  const configured = use(Idle, options)
  if (Object.values(configured.options).every((timeout) => timeout === 0)) {
    throw new InvalidOptionError('idle.either', 'more than 0, or "read" or "write"', 0)
  }
  return configured as PassingPlugin<Item>
}
