import { resolveService } from './container.ts'
import type { DependencyContainer, InjectionToken } from 'tsyringe'
import { PluginBuildError } from '../errors/pipeline-errors.ts'
import { CLOCK, LOGGER, METRICS, PLUGIN_OPTIONS } from './tokens.ts'

/** Any class, whatever its constructor takes. */
export type Constructor<T> = abstract new (...args: never[]) => T

const PARAMETERS = 'injectionTokens'

/** The tokens that `@inject` has left on a class, by parameter. tsyringe keeps them as reflect metadata under this key. */
function injectedTokens(target: Constructor<unknown>): Readonly<Record<number, unknown>> {
  return (Reflect.getOwnMetadata(PARAMETERS, target) as Record<number, unknown> | undefined) ?? {}
}

interface TokenDescriptor {
  readonly token: unknown
  readonly multiple?: boolean
}

const tokenOf = (entry: unknown): unknown =>
  typeof entry === 'object' && entry !== null && 'token' in entry ? (entry as TokenDescriptor).token : entry

const nameOf = (key: unknown): string =>
  typeof key === 'symbol' ? (key.description ?? 'symbol') : typeof key === 'function' ? key.name : String(key)

/**
 * Checks, before tsyringe is asked, what it would answer badly: a parameter without a token is silently `undefined` there when
 * another one has one, and a cycle can end the process.
 */
function check(plugin: string, target: Constructor<unknown>, container: DependencyContainer, path: Constructor<unknown>[]): void {
  if (path.includes(target)) {
    const cycle = [...path.slice(path.indexOf(target)), target].map((c) => c.name).join(' -> ')
    throw new PluginBuildError(plugin, `its services need each other in a circle: ${cycle}`)
  }
  const tokens = injectedTokens(target)
  for (let i = 0; i < Math.max(target.length, ...Object.keys(tokens).map((key) => Number(key) + 1)); i++) {
    if (!(i in tokens)) {
      throw new PluginBuildError(plugin, `parameter ${i + 1} of the constructor of ${target.name} has no @inject(TOKEN)`)
    }
    const key = tokenOf(tokens[i])
    if (typeof key === 'function' && !container.isRegistered(key as never, true)) {
      check(plugin, key as Constructor<unknown>, container, [...path, target])
    } else if (!isKnown(container, key)) {
      throw new PluginBuildError(plugin, `nothing is registered for ${nameOf(key)}, parameter ${i + 1} of ${target.name}`)
    }
  }
}

function isKnown(container: DependencyContainer, key: unknown): boolean {
  return container.isRegistered(key as never, true) || typeof key === 'function'
}

/** A container for one plugin over the caller's: its options, and the default services that the caller's does not have. */
function pluginContainer(container: DependencyContainer, options: unknown): DependencyContainer {
  const own = container.createChildContainer()
  own.register(PLUGIN_OPTIONS, { useValue: options })
  for (const service of [LOGGER, CLOCK, METRICS]) {
    if (!container.isRegistered(service, true)) own.register(service, { useFactory: () => resolveService(container, service) })
  }
  return own
}

/**
 * Builds a plugin class with its dependencies.
 *
 * @throws {@link PluginBuildError} for a parameter without a token, an unknown token, a cycle, a constructor that throws.
 */
export function buildClass<T>(plugin: string, target: Constructor<T>, container: DependencyContainer, options: unknown): T {
  const own = pluginContainer(container, options)
  check(plugin, target, own, [])
  try {
    return own.resolve(target as InjectionToken<T>)
  } catch (error) {
    throw new PluginBuildError(plugin, reasonOf(error), { cause: error })
  }
}

/**
 * Resolves the services that a plugin made of a function asks for.
 *
 * @throws {@link PluginBuildError}
 */
export function resolveServices(
  plugin: string,
  tokens: Readonly<Record<string, symbol>>,
  container: DependencyContainer,
): Record<string, unknown> {
  const own = pluginContainer(container, undefined)
  const services: Record<string, unknown> = {}
  for (const [name, key] of Object.entries(tokens)) {
    if (!isKnown(own, key)) throw new PluginBuildError(plugin, `nothing is registered for ${nameOf(key)} (inject.${name})`)
    try {
      services[name] = own.resolve(key)
    } catch (error) {
      throw new PluginBuildError(plugin, reasonOf(error), { cause: error })
    }
  }
  return services
}

function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : `threw ${thrown === null ? 'null' : typeof thrown}, which is no Error`
}
