import type { PluginsCommand } from './arguments.ts'
import { describePlugins, toJson } from './describe-plugins.ts'
import { createRegistry } from './import-plugins.ts'
import { print } from './print.ts'

/** `millrace plugins`: tells what plugins there are. */
export async function runPlugins({ imports, json }: PluginsCommand): Promise<number> {
  const { descriptions } = await createRegistry(imports)
  await print(process.stdout, json ? `${toJson(descriptions)}\n` : describePlugins(descriptions))
  return 0
}
