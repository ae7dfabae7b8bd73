import type { AnyPipeline, Connection, MessageConnection, Pipeline } from '@millrace/core'
import { resolveConnectOptions, type TcpConnectOptions } from './connect-options.ts'
import { type TcpClientConnection, TcpConnector } from './tcp-connector.ts'

/**
 * Connects to a TCP port or a Unix socket.
 *
 * @param options - `port` or `path` is needed; `connectTimeout` (10,000 ms) bounds the whole of it.
 * @param pipeline - one without a handler: the client then holds its messages instead of bytes. It is built before
 * connecting, and its plugins are disposed of when the connection has gone.
 * @throws (as a rejection) {@link ConnectError}, its cause being the system's error; {@link ConnectTimeoutError};
 * `signal.reason`; and, before anything is tried, {@link InvalidOptionError}, {@link InvalidPipelineError} or
 * {@link PluginBuildError}.
 *
 * @example
 * const connection = await connectTcp({ port: 10000 })
 * connection.write(Buffer.from('hello'))
 * await connection.closeWrite()
 * for await (const chunk of connection) process.stdout.write(chunk)
 */
export function connectTcp(options: TcpConnectOptions): Promise<Connection>
export function connectTcp<In, Out>(
  options: TcpConnectOptions,
  pipeline: Pipeline<In, Out, false>,
): Promise<MessageConnection<In, Out>>
export async function connectTcp(options: TcpConnectOptions = {}, pipeline?: AnyPipeline): Promise<TcpClientConnection> {
  const resolved = resolveConnectOptions(options, 'connectTcp')
  const connector = new TcpConnector(resolved, pipeline)
  try {
    return await connector.connect(resolved.signal)
  } finally {
    await connector.release()
  }
}
