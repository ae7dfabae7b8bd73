import { access, constants, stat } from 'node:fs/promises'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { PluginRegistry, type Registrable } from '@millrace/core'
import { plugins } from '@millrace/plugins'
import { UsageError } from './usage-error.ts'

/**
 * The plugins that come with Millrace and those of the given modules. A module's default export is one plugin or an array of
 * them, each made with `definePlugin` or a plugin class.
 *
 * @param files - paths of ES modules, from the current directory.
 * @throws {@link UsageError} for a file that cannot be read or run, or whose default export is something else.
 */
export async function createRegistry(files: readonly string[]): Promise<PluginRegistry> {
  const registry = new PluginRegistry(plugins)
  for (const file of files) {
    for (const plugin of await importDefault(file)) addTo(registry, plugin, file)
  }
  return registry
}

async function importDefault(file: string): Promise<readonly unknown[]> {
  const absolute = path.resolve(file)
  let module: { readonly default?: unknown }
  try {
    await access(absolute, constants.R_OK)
    if ((await stat(absolute)).isDirectory()) throw new UsageError('it is a directory')
    module = (await import(pathToFileURL(absolute).href)) as { readonly default?: unknown }
  } catch (error) {
    throw new UsageError(`cannot import "${file}": ${reasonOf(error)}`, { cause: error })
  }
  const exported = module.default
  const none = exported === undefined || (Array.isArray(exported) && exported.length === 0)
  if (none) throw new UsageError(`"${file}" exports no plugin: its default export must be a plugin or an array of plugins`)
  return Array.isArray(exported) ? exported : [exported]
}

function addTo(registry: PluginRegistry, plugin: unknown, file: string): void {
  try {
    registry.add(plugin as Registrable)
  } catch (error) {
    throw new UsageError(`cannot use the default export of "${file}": ${(error as Error).message}`, { cause: error })
  }
}

/** What the system says, or the first line of what the module said. */
function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return `it threw ${thrown === null ? 'null' : typeof thrown}, which is no Error`
  const { code } = thrown as NodeJS.ErrnoException
  if (code === 'ENOENT') return 'there is no such file (ENOENT)'
  if (code === 'EACCES') return 'it may not be read (EACCES)'
  if (thrown instanceof UsageError) return thrown.message
  const [line = ''] = thrown.message.split('\n')
  return `${thrown.name}: ${line}`
}
