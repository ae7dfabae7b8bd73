/**
 * The part of Millrace that knows no socket: connections, plugins, pipelines, servers, and what transports are made from.
 *
 * @example
 * import { definePlugin, pipeline, respond } from '@millrace/core'
 *
 * const shout = pipeline(respond((chunk) => chunk))
 *
 * @packageDocumentation
 */
export { BatchClock, type Batches } from './connection/batch-clock.ts'
export { plaintextBehind } from './connection/check-upgrade.ts'
export { BaseConnection } from './connection/base-connection.ts'
export { type Clock, systemClock, type Timer } from './connection/clock.ts'
export { type Awaiting, Deadlines, deadlinesOf } from './connection/deadlines.ts'
export type { ConnectionInit } from './connection/connection-init.ts'
export { CONNECTION_OPTIONS, type ConnectionLimits } from './connection/connection-options.ts'
export type {
  AbortOptions,
  CloseInfo,
  Connection,
  ConnectionInfo,
  ConnectionStatus,
  Duplex,
  Transport,
} from './connection/connection.ts'
export type { Driver, DriverEvents } from './connection/driver.ts'
export { formatAddress, type SocketAddress } from './connection/socket-address.ts'
export type { TlsInfo } from './connection/tls-info.ts'
export type { UpgradeOptions } from './connection/upgrade-options.ts'
export { BlockingOutput } from './container/blocking-output.ts'
export type { ConfiguredPlugin, StageFaces } from './container/configured-plugin.ts'
export { createContainer, type DependencyContainer, inject, injectable, resolveService } from './container/container.ts'
export { definePlugin, type PluginDefinition, type PluginFactory } from './container/define-plugin.ts'
export type { LogFields, Logger } from './container/logger.ts'
export type { MetricLabels, Metrics } from './container/metrics.ts'
export type { Accepts, PluginDescription, Produces } from './container/plugin-description.ts'
export { PluginRegistry, type PluginText, type Registrable } from './container/registry.ts'
export { CLOCK, LOGGER, METRICS, PLUGIN_OPTIONS, type Token, token } from './container/tokens.ts'
export { type PluginClass, use } from './container/use.ts'
export * from './errors/index.ts'
export { nearest } from './options/nearest.ts'
export type { OptionDescription, OptionDescriptions, OptionsOf, ResolvedOptions } from './options/option-description.ts'
export { readOptionText } from './options/option-text.ts'
export { expectation, resolveOptions } from './options/resolve-options.ts'
export { type AttributeKey, attributeKey, Attributes } from './pipeline/attributes.ts'
export type { BuiltPipeline } from './pipeline/built-pipeline.ts'
export { type BatchStage, inBatches } from './pipeline/batches.ts'
export { ByteAccumulator } from './pipeline/byte-accumulator.ts'
export { asFrame, type Frame } from './pipeline/frame.ts'
export { type AnswerItem, type Answers, handle, type Handler, type Request, respond } from './pipeline/handle.ts'
export type { MessageConnection } from './pipeline/message-connection.ts'
export { type AnyPipeline, buildPipeline, composePipeline, isPipeline, type Pipeline, pipeline } from './pipeline/pipeline.ts'
export type { Direction, Plugin, PluginContext, ProceedChanges, Refusal, Stages } from './pipeline/plugin.ts'
export { buildClientPipeline, type ClientRunOptions, runClient } from './pipeline/run-client.ts'
export { type AsyncStage, type Emit, isAsyncStage, type Stage } from './pipeline/stage.ts'
export { StatelessRun, type StatelessRunOptions } from './pipeline/stateless-run.ts'
export { paced } from './rx/paced.ts'
export { sendTo, type SendToOptions } from './rx/send-to.ts'
export { BaseServer, type BaseServerInit } from './server/base-server.ts'
export type { DropReason, RefusalReason, ServerEvent, ServerEventOf } from './server/events.ts'
export type { Acceptor, Listener } from './server/listener.ts'
export { SERVER_OPTIONS, type ServerLimits } from './server/server-options.ts'
export { type Loaded, NativePackage } from './server/native-package.ts'
export { type WantedDriver, wantedDriver } from './server/wanted-driver.ts'
export type { Server, ServerCloseInfo, ServerCounters, ServerStatus } from './server/server.ts'
