import './reflect.ts'
import { container as root, type DependencyContainer, inject, injectable } from 'tsyringe'
import { systemClock } from '../connection/clock.ts'
import { defaultLogger } from './default-logger.ts'
import { noMetrics } from './metrics.ts'
import { CLOCK, LOGGER, METRICS } from './tokens.ts'

export { inject, injectable }
export type { DependencyContainer }

/**
 * A container for services of one's own, to be given to a server or client as `container`. Nothing is registered in it; it is a
 * child of nothing but an empty root, so what one registers no other sees.
 *
 * @example
 * const container = createContainer()
 * container.register(DIRECTORY, { useValue: new Directory() })
 * createTcpServer(shout, { container })
 */
export function createContainer(): DependencyContainer {
  return root.createChildContainer()
}

/** A service, from the container where it is registered, else the default one. */
export function resolveService(container: DependencyContainer, service: symbol): unknown {
  if (container.isRegistered(service, true)) return container.resolve(service)
  return defaultService(service)
}

/** The service that stands behind one of our own tokens where nobody has registered another. */
function defaultService(service: symbol): unknown {
  if (service === LOGGER) return defaultLogger()
  if (service === CLOCK) return systemClock
  if (service === METRICS) return noMetrics
  return undefined
}
