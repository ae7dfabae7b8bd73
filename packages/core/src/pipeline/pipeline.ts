import type { DependencyContainer } from 'tsyringe'
import { type AnyConfiguredPlugin, isConfiguredPlugin } from '../container/configure.ts'
import type { ConfiguredPlugin } from '../container/configured-plugin.ts'
import type { Accepts, PluginDescription, Produces } from '../container/plugin-description.ts'
import { InvalidPipelineError } from '../errors/pipeline-errors.ts'
import { buildPlugins } from './build-pipeline.ts'
import type { BuiltPipeline } from './built-pipeline.ts'
import type { CheckedJoints, EndAfter, MessageTypes, PluginAt, ServesAtEnd } from './joints.ts'

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

type Any = ConfiguredPlugin<never, unknown, never, unknown>

/** A pipeline of these plugins with a handler behind them. */
type Served<Plugins extends readonly unknown[]> = Pipeline<MessageTypes<Plugins>[0], MessageTypes<Plugins>[1], true>

/**
 * Composes plugins: inbound runs down the list, outbound back up it. The compiler checks every joint; the kinds that the plugins
 * declare are checked here too, for those who have no compiler.
 *
 * The function given to `handle` or `respond` at the end, behind up to six plugins, need not say what its messages are.
 *
 * @throws {@link InvalidPipelineError} for what is no plugin, a joint that does not fit, a handler that is not last.
 *
 * @example
 * const shout = pipeline(logging(), chunker({ size: 16 }), uppercaser(), echo())
 */
export function pipeline<A extends Any>(a: PluginAt<[A], 0>, end: EndAfter<[A]>): Served<[A]>
export function pipeline<A extends Any, B extends Any>(
  a: PluginAt<[A, B], 0>,
  b: PluginAt<[A, B], 1>,
  end: EndAfter<[A, B]>,
): Served<[A, B]>
export function pipeline<A extends Any, B extends Any, C extends Any>(
  a: PluginAt<[A, B, C], 0>,
  b: PluginAt<[A, B, C], 1>,
  c: PluginAt<[A, B, C], 2>,
  end: EndAfter<[A, B, C]>,
): Served<[A, B, C]>
export function pipeline<A extends Any, B extends Any, C extends Any, D extends Any>(
  a: PluginAt<[A, B, C, D], 0>,
  b: PluginAt<[A, B, C, D], 1>,
  c: PluginAt<[A, B, C, D], 2>,
  d: PluginAt<[A, B, C, D], 3>,
  end: EndAfter<[A, B, C, D]>,
): Served<[A, B, C, D]>
export function pipeline<A extends Any, B extends Any, C extends Any, D extends Any, E extends Any>(
  a: PluginAt<[A, B, C, D, E], 0>,
  b: PluginAt<[A, B, C, D, E], 1>,
  c: PluginAt<[A, B, C, D, E], 2>,
  d: PluginAt<[A, B, C, D, E], 3>,
  e: PluginAt<[A, B, C, D, E], 4>,
  end: EndAfter<[A, B, C, D, E]>,
): Served<[A, B, C, D, E]>
export function pipeline<A extends Any, B extends Any, C extends Any, D extends Any, E extends Any, F extends Any>(
  a: PluginAt<[A, B, C, D, E, F], 0>,
  b: PluginAt<[A, B, C, D, E, F], 1>,
  c: PluginAt<[A, B, C, D, E, F], 2>,
  d: PluginAt<[A, B, C, D, E, F], 3>,
  e: PluginAt<[A, B, C, D, E, F], 4>,
  f: PluginAt<[A, B, C, D, E, F], 5>,
  end: EndAfter<[A, B, C, D, E, F]>,
): Served<[A, B, C, D, E, F]>
export function pipeline<const Plugins extends readonly Any[]>(
  ...plugins: Plugins & CheckedJoints<Plugins>
): Pipeline<MessageTypes<Plugins>[0], MessageTypes<Plugins>[1], ServesAtEnd<Plugins>>
export function pipeline(...plugins: readonly unknown[]): AnyPipeline {
  return composePipeline(plugins as readonly AnyConfiguredPlugin[])
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
