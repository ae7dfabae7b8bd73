import {
  type ConfiguredPlugin,
  injectable,
  type Plugin,
  type PluginDescription,
  type Stages,
  use,
} from '@millrace/core'

/** The type of {@link discard}. */
export interface DiscardFactory {
  (options?: Readonly<Record<string, never>>): ConfiguredPlugin<unknown, never, never, never, 'nothing'>
  readonly description: PluginDescription
}

/** The plugin behind {@link discard}. */
@injectable()
export class Discard implements Plugin<unknown, never, never, never> {
  static readonly description: PluginDescription & { readonly produces: 'nothing' } = {
    name: 'discard',
    help: 'drops what reaches it',
    options: {},
    accepts: 'any',
    produces: 'nothing',
  }

  readonly name = 'discard'
  readonly perDatagram = true

  open(): Stages<unknown, never, never, never> {
    return { inbound: { push: () => {}, borrows: true } }
  }
}

/**
 * Drops what reaches it, as fast as it comes, and sends nothing: the handler of a discard service (RFC 863). It is the
 * last plugin of its pipeline. When the peer has ended its output, ours ends too.
 *
 * @throws {@link InvalidOptionError} for any option: there are none.
 *
 * @example
 * await createTcpServer(pipeline(discard())).listen({ port: 9000 })
 *
 * @see https://www.rfc-editor.org/rfc/rfc863
 */
export const discard: DiscardFactory = Object.assign(create, { description: Discard.description })

function create(options?: Readonly<Record<string, never>>): ConfiguredPlugin<unknown, never, never, never, 'nothing'> {
  return use(Discard, options)
}
