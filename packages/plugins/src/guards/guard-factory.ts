import type { ConfiguredPlugin, PluginDescription } from '@millrace/core'

/** What a guard that passes on the very items it gets is, of whatever type they are. */
export type PassingPlugin<Item> = ConfiguredPlugin<unknown, Item, unknown, Item, 'same'>

/**
 * The type of a guard that can stand anywhere in a pipeline. `Item` is the type of the items where its faces are used by
 * hand; a pipeline knows it by itself.
 */
export interface GuardFactory<Options> {
  <Item = Uint8Array>(options?: Options): PassingPlugin<Item>
  readonly description: PluginDescription
}
