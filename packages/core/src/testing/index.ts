/**
 * For testing plugins, pipelines and transports without a socket.
 *
 * @packageDocumentation
 */
export type { CodecOptions, FastCheck, Generates, MadeCodec } from './codec/codec-options.ts'
export { describeCodec } from './codec/describe-codec.ts'
export type { PairLimits, TestedPair } from './conformance/check.ts'
export { type ConformanceOptions, describeConnection, type TestRunner } from './conformance/describe-connection.ts'
export { connectionPair, type ConnectionPairOptions } from './connection-pair.ts'
export { embed, type EmbedOptions } from './embed.ts'
export type { Embedded } from './embedded.ts'
export { type LogLine, type RecordingLogger, recordingLogger } from './recording-logger.ts'
export { chunksOf, collect, everySplit, joined, seededRandom, splitsOf, type SplitsOptions } from './splits.ts'
export { VirtualClock } from './virtual-clock.ts'
