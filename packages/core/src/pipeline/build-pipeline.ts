import type { DependencyContainer } from 'tsyringe'
import type { AnyConfiguredPlugin } from '../container/configure.ts'
import { createContainer } from '../container/container.ts'
import type { BuiltPipeline, BuiltPlugin } from './built-pipeline.ts'
import { toBuiltPlugin } from './to-built-plugin.ts'

/**
 * Builds the plugins of a pipeline, in order. When one fails, those already built are disposed of.
 *
 * @throws {@link PluginBuildError}
 */
export function buildPlugins(
  configured: readonly AnyConfiguredPlugin[],
  container: DependencyContainer = createContainer(),
): BuiltPipeline {
  const plugins: BuiltPlugin[] = []
  try {
    let framed = false
    for (const plugin of configured) {
      const { description } = plugin
      plugins.push(toBuiltPlugin(plugin.build(container), description, framed))
      if (description.produces !== 'same') framed = description.produces === 'frame'
    }
  } catch (error) {
    void disposeAll(plugins).catch(() => {})
    throw error
  }
  let users = 0
  return {
    plugins,
    serves: plugins.at(-1)?.terminal ?? false,
    retain: () => void users++,
    release: async () => {
      if (--users === 0) await disposeAll(plugins)
    },
  }
}

async function disposeAll(plugins: readonly BuiltPlugin[]): Promise<void> {
  const failures: unknown[] = []
  const names: string[] = []
  for (const plugin of plugins.toReversed()) {
    try {
      await plugin.dispose?.()
    } catch (error) {
      failures.push(error)
      names.push(plugin.name)
    }
  }
  if (failures.length === 0) return
  throw new AggregateError(failures, `plugins failed while they were disposed of: ${names.join(', ')}`)
}
