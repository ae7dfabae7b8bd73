import type { DependencyContainer } from 'tsyringe'
import { type AnyConfiguredPlugin, isConfiguredPlugin } from '../container/configure.ts'
import type { ConfiguredPlugin } from '../container/configured-plugin.ts'
import type { Accepts, PluginDescription, Produces } from '../container/plugin-description.ts'
import { InvalidPipelineError } from '../errors/pipeline-errors.ts'
import { buildPlugins } from './build-pipeline.ts'
import type { BuiltPipeline } from './built-pipeline.ts'
import type { CheckedJoints, MessageTypes, ServesAtEnd } from './joints.ts'

const PIPELINE: unique symbol = Symbol.for('millrace/pipeline') as never

/**
 * An ordered list of plugins, typed end to end. Nothing is built yet: each server or client that is given it builds it once.
 *
 * @typeParam MessageIn - what comes out at the handler's end.
 * @typeParam MessageOut - what may be written there.
 * @typeParam Serves - whether a handler is at its end, so that a server can run it.
 */
export interface Pipeline<MessageIn, MessageOut, Serves extends boolean = boolean> {
  readonly plugins: readonly AnyConfiguredPlugin[]
  /** Whether a handler is at its end. */
  readonly serves: Serves
  /** Only for the compiler: the types at the handler's end. */
  readonly messages?: readonly [messageIn: MessageIn, messageOut: (message: MessageOut) => void]
}

/** A pipeline, whatever its messages. */
export type AnyPipeline = Pipeline<unknown, never>

/**
 * Composes plugins: inbound runs down the list, outbound back up it. The compiler checks every joint; the kinds that the plugins
 * declare are checked here too, for those who have no compiler.
 *
 * @throws {@link InvalidPipelineError} for what is no plugin, a joint that does not fit, a handler that is not last.
 *
 * @example
 * const shout = pipeline(logging(), chunker({ size: 16 }), uppercaser(), echo())
 */
export function pipeline<const Plugins extends readonly ConfiguredPlugin<never, unknown, never, unknown>[]>(
  ...plugins: Plugins & CheckedJoints<Plugins>
): Pipeline<MessageTypes<Plugins>[0], MessageTypes<Plugins>[1], ServesAtEnd<Plugins>> {
  const list = plugins as unknown as readonly AnyConfiguredPlugin[]
  return composePipeline(list) as Pipeline<MessageTypes<Plugins>[0], MessageTypes<Plugins>[1], ServesAtEnd<Plugins>>
}

/**
 * As {@link pipeline}, for plugins whose types are not known: those named in a command line.
 *
 * @throws {@link InvalidPipelineError}
 */
export function composePipeline(plugins: readonly AnyConfiguredPlugin[]): AnyPipeline {
  plugins.forEach(checkIsPlugin)
  checkKinds(plugins.map(({ description }) => description))
  const serves = plugins.at(-1)?.description.produces === 'nothing'
  return Object.freeze({ [PIPELINE]: true, plugins: Object.freeze([...plugins]), serves })
}

/** Whether a value was made by {@link pipeline}. */
export function isPipeline(value: unknown): value is AnyPipeline {
  return typeof value === 'object' && value !== null && PIPELINE in value
}

/**
 * Builds the plugins of a pipeline once, for one or several servers that share them.
 *
 * @param container - where the plugins' services are looked up; default an empty one, over which the default services stand.
 * @throws {@link PluginBuildError}
 */
export function buildPipeline(pipeline: AnyPipeline, container?: DependencyContainer): BuiltPipeline {
  if (!isPipeline(pipeline)) throw new InvalidPipelineError('this is no pipeline; make one with pipeline(...)')
  return buildPlugins(pipeline.plugins, container)
}

function checkIsPlugin(value: unknown, index: number): void {
  if (isConfiguredPlugin(value)) return
  const place = `plugin ${index + 1} of the pipeline`
  if (typeof value === 'function') {
    throw new InvalidPipelineError(`${place} is a function: call it, as in chunker({ size: 16 }), or give a class to use()`)
  }
  throw new InvalidPipelineError(`${place} is no plugin: make it with definePlugin or use`)
}

const FITS: Readonly<Record<Exclude<Produces, 'same' | 'nothing'>, readonly Accepts[]>> = {
  bytes: ['bytes', 'any'],
  frame: ['bytes', 'frame', 'any'],
  message: ['message', 'any'],
}

function checkKinds(plugins: readonly PluginDescription[]): void {
  let kind: 'bytes' | 'frame' | 'message' = 'bytes'
  let giver = 'the connection'
  for (const [index, { name, accepts, produces }] of plugins.entries()) {
    if (!FITS[kind].includes(accepts)) {
      throw new InvalidPipelineError(`"${name}" takes ${accepts}, but ${giver} gives ${kind}`)
    }
    if (produces === 'nothing') {
      const next = plugins[index + 1]
      if (next) throw new InvalidPipelineError(`"${name}" is a handler and must come last, but "${next.name}" follows it`)
    } else if (produces !== 'same') {
      kind = produces
      giver = `"${name}"`
    }
  }
  checkNeeds(plugins)
}

function checkNeeds(plugins: readonly PluginDescription[]): void {
  const lastFramer = plugins.findLastIndex(({ produces }) => produces === 'frame' || produces === 'message')
  const lost = plugins.find(({ needs }, index) => needs === 'framer' && index >= lastFramer)
  if (lost) throw new InvalidPipelineError(`"${lost.name}" looks at whole frames, but no plugin after it makes any`)
}
