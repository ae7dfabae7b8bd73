import {
  type ConfiguredPlugin,
  injectable,
  type Plugin,
  type PluginContext,
  type PluginDescription,
  type Stage,
  type Stages,
  use,
} from '@millrace/core'

/** What {@link echo} gives: a handler that sends what reached it, so the plugins before it must take what they give. */
export interface EchoPlugin<Item> extends ConfiguredPlugin<unknown, Item, never, Item, 'nothing'> {
  readonly returns: 'same'
}

/** The type of {@link echo}. */
export interface EchoFactory {
  <Item = Uint8Array>(options?: Readonly<Record<string, never>>): EchoPlugin<Item>
  readonly description: PluginDescription
}

/** The plugin behind {@link echo}. */
@injectable()
export class Echo implements Plugin<unknown, unknown, never, unknown> {
  static readonly description: PluginDescription & { readonly produces: 'nothing' } = {
    name: 'echo',
    help: 'sends back what reaches it',
    options: {},
    accepts: 'any',
    produces: 'nothing',
  }

  readonly name = 'echo'
  readonly perDatagram = true

  open(context: PluginContext): Stages<unknown, unknown, never, unknown> {
    return { inbound: new EchoStage(context.emitOutbound) }
  }
}

class EchoStage implements Stage<unknown, never> {
  readonly #sendBack: PluginContext['emitOutbound']

  constructor(sendBack: PluginContext['emitOutbound']) {
    this.#sendBack = sendBack
  }

  get borrows(): true {
    return true
  }

  push(item: unknown): void {
    this.#sendBack(item)
  }
}

/**
 * Sends back what reaches it, item by item: the handler of an echo service (RFC 862). It is the last plugin of its
 * pipeline, and what it sends passes the outbound side of those before it. When the peer has ended its output and all
 * of it was sent back, ours ends too.
 *
 * @typeParam Item - type of the items where its faces are used by hand; a pipeline knows it by itself.
 * @throws {@link InvalidOptionError} for any option: there are none.
 *
 * @example
 * await createTcpServer(pipeline(echo())).listen({ port: 10000 })
 *
 * @see https://www.rfc-editor.org/rfc/rfc862
 */
export const echo: EchoFactory = Object.assign(create, { description: Echo.description })

function create<Item>(options?: Readonly<Record<string, never>>): EchoPlugin<Item> {
  const configured = use(Echo, options) as ConfiguredPlugin<unknown, Item, never, Item, 'nothing'>
  return Object.freeze({ ...configured, returns: 'same' })
}
