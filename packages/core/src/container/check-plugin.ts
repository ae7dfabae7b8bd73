import { PluginBuildError } from '../errors/pipeline-errors.ts'
import type { Plugin } from '../pipeline/plugin.ts'

/** @throws {@link PluginBuildError} where what was built is no plugin. */
export function checkPlugin<WI, MI, MO, WO>(name: string, plugin: Plugin<WI, MI, MO, WO>): Plugin<WI, MI, MO, WO> {
  const { open } = plugin as { readonly open?: unknown }
  if (typeof open !== 'function') throw new PluginBuildError(name, 'it has no open method')
  return plugin
}
