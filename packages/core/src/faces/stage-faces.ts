import type { StageFaces } from '../container/configured-plugin.ts'
import { InvalidPipelineError } from '../errors/pipeline-errors.ts'
import type { BuiltPlugin } from '../pipeline/built-pipeline.ts'
import type { Direction } from '../pipeline/plugin.ts'
import { liftOperator } from './lift-operator.ts'
import { liftTransform } from './lift-transform.ts'

/**
 * One direction of a plugin as a transform and an operator. A stage lifts to either mechanically; never the other way round, which
 * is why the stage is the primitive.
 *
 * @param build - makes the plugin with the default services; called at each iteration or subscription.
 */
export function facesOf<In, Out>(build: () => BuiltPlugin, direction: Direction): StageFaces<In, Out> {
  const fresh = (): BuiltPlugin => {
    const plugin = build()
    if (plugin.serve || plugin.answer) {
      throw new InvalidPipelineError(`"${plugin.name}" serves a whole connection: it is no transform and no operator`)
    }
    return plugin
  }
  return {
    transform: (source) => liftTransform(fresh, direction, source) as AsyncIterableIterator<Out>,
    operator: (source) => liftOperator<In, Out>(fresh, direction, source),
  }
}
