import type { PluginDescription } from '../container/plugin-description.ts'
import type { BuiltPlugin } from './built-pipeline.ts'
import { sitesOf } from './link.ts'
import type { Plugin } from './plugin.ts'

/**
 * A plugin as the engine opens it. The instance may have methods and getters of a class: nothing of it is copied, only called.
 *
 * @param framed - what comes down to it are whole frames.
 */
export function toBuiltPlugin(
  built: Plugin<unknown, unknown, unknown, unknown>,
  { name, produces }: PluginDescription,
  framed: boolean,
): BuiltPlugin {
  const plugin = built as BuiltPlugin
  return {
    name: plugin.name || name,
    sites: sitesOf(plugin.name || name),
    terminal: produces === 'nothing' || plugin.serve !== undefined,
    open: (context) => plugin.open(context),
    ...(plugin.accept && { accept: (info) => plugin.accept?.(info) }),
    ...(plugin.serve && { serve: async (connection) => plugin.serve?.(connection) }),
    ...(plugin.answer && { answer: plugin.answer }),
    ...(plugin.dispose && { dispose: () => plugin.dispose?.() }),
    framed,
    frames: produces === 'frame' || produces === 'message',
    gates: plugin.gates ?? false,
    perDatagram: plugin.perDatagram ?? false,
  }
}
