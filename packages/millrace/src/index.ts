/**
 * Millrace in one package: everything of `@millrace/core`, `@millrace/tcp`, `@millrace/udp` and `@millrace/plugins`, and
 * {@link serve}, which runs one pipeline on several listeners. The package brings the command `millrace` too.
 *
 * @example
 * import { chunker, echo, logging, pipeline, serve, uppercaser } from 'millrace'
 *
 * const shout = pipeline(logging(), chunker({ size: 16 }), uppercaser(), echo())
 * const serving = await serve(shout, { tcp: { port: 10_000 }, udp: { port: 10_000 } })
 *
 * @packageDocumentation
 */
export * from '@millrace/core'
export * from '@millrace/plugins'
export * from '@millrace/tcp'
export * from '@millrace/udp'
export {
  type ListenerKind,
  type OwnPipeline,
  type ServeOptions,
  type TcpServeOptions,
  type TlsServeOptions,
  type UdpServeOptions,
  type UnixServeOptions,
} from './serve-options.ts'
export { serve } from './serve.ts'
export { type Serving, type ServingServers } from './serving.ts'
