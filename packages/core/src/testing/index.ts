/**
 * For testing plugins, pipelines and transports without a socket.
 *
 * @packageDocumentation
 */
export { connectionPair, type ConnectionPairOptions } from './connection-pair.ts'
