import type { DependencyContainer } from 'tsyringe'
import type { BaseConnection } from '../connection/base-connection.ts'
import type { Clock } from '../connection/clock.ts'
import { createContainer, resolveService } from '../container/container.ts'
import { CLOCK } from '../container/tokens.ts'
import { InvalidPipelineError } from '../errors/pipeline-errors.ts'
import { EventHub } from '../server/event-hub.ts'
import type { ServerEvent } from '../server/events.ts'
import { SERVER_OPTIONS } from '../server/server-options.ts'
import type { BuiltPipeline } from './built-pipeline.ts'
import type { MessageConnection } from './message-connection.ts'
import { buildPipeline, type AnyPipeline } from './pipeline.ts'
import { Run } from './run.ts'

/** A client takes as long as a server over what came before a protocol error. */
const lingerTimeout = SERVER_OPTIONS.lingerTimeout.default

/** What a client's run may use; sizes in bytes. */
export interface ClientRunOptions {
  readonly container?: DependencyContainer | undefined
  readonly highWaterMark: number
  readonly maxPushBytes: number
  /** Default: to the diagnostics channels alone. */
  readonly report?: (event: ServerEvent) => void
}

/**
 * Builds a pipeline for one client, before it connects, so that what cannot be built is known at once.
 *
 * @throws {@link InvalidPipelineError} for a pipeline with a handler, which is for servers; {@link PluginBuildError}.
 */
export function buildClientPipeline(pipeline: AnyPipeline, container?: DependencyContainer): BuiltPipeline {
  const built = buildPipeline(pipeline, container)
  if (built.serves) {
    throw new InvalidPipelineError('a client holds the messages itself: give it a pipeline without a handler at its end')
  }
  return built
}

/** Runs a pipeline without a handler on a client's connection; the plugins are disposed of when it is gone. */
export function runClient(connection: BaseConnection, built: BuiltPipeline, options: ClientRunOptions): MessageConnection<unknown, unknown> {
  const { container = createContainer(), highWaterMark, maxPushBytes, report = new EventHub().report } = options
  const clock = resolveService(container, CLOCK) as Clock
  const draining = new AbortController().signal
  built.retain()
  const run = new Run(connection, built.plugins, { highWaterMark, maxPushBytes, lingerTimeout, clock, draining, report })
  const { transport } = connection
  const onGone = (): void => void built.release().catch((error: Error) => report({ type: 'listener-error', transport, error }))
  connection.owner = { onGone }
  run.start()
  return run.messages
}
