import type { DependencyContainer } from 'tsyringe'
import { InvalidPipelineError } from '../errors/pipeline-errors.ts'
import type { BuiltPipeline } from '../pipeline/built-pipeline.ts'
import { type AnyPipeline, buildPipeline, isPipeline } from '../pipeline/pipeline.ts'

/**
 * What a server was given, built.
 *
 * @throws {@link InvalidPipelineError} for what is no pipeline, or has no handler; {@link PluginBuildError}.
 */
export function toBuilt(pipeline: AnyPipeline | BuiltPipeline | undefined, container: DependencyContainer): BuiltPipeline | undefined {
  if (pipeline === undefined) return undefined
  const given = pipeline as { readonly serves?: unknown }
  if (given === null || typeof given !== 'object' || typeof given.serves !== 'boolean') {
    throw new InvalidPipelineError('the server was given something that is no pipeline: make one with pipeline(...)')
  }
  if (!given.serves) {
    throw new InvalidPipelineError(
      'a server needs a pipeline that ends with a handler: add echo(), discard(), handle(...) or respond(...)',
    )
  }
  return isPipeline(pipeline) ? buildPipeline(pipeline, container) : (pipeline as BuiltPipeline)
}
