/**
 * TCP and Unix sockets: servers, clients, and clients that reconnect.
 *
 * @example
 * import { pipeline } from '@millrace/core'
 * import { createTcpServer } from '@millrace/tcp'
 * import { echo } from '@millrace/plugins'
 *
 * const server = await createTcpServer(pipeline(echo())).listen({ port: 10000 })
 *
 * @packageDocumentation
 */
export { TCP_CONNECT_OPTIONS, type TcpConnectOptions, type TcpTargetOptions } from './client/connect-options.ts'
export type { ContainerOptions } from './common-options.ts'
export { TCP_LISTEN_OPTIONS, type TcpListenOptions } from './server/listen-options.ts'
export { BACK_OFF_OPTIONS, type BackOffOptions, type TcpReconnectOptions } from './client/reconnect-options.ts'
export { reconnectTcp, type TcpReconnections } from './client/reconnect-tcp.ts'
export { TCP_SERVER_OPTIONS, type TcpServerOptions } from './server/server-options.ts'
export { TCP_SOCKET_OPTIONS, type TcpSocketOptions } from './socket-options.ts'
export { connectTcp } from './client/tcp-client.ts'
export { TLS_SERVER_OPTIONS, type TlsClientOptions, type TlsServerOptions } from './tls/tls-options.ts'
export { createTcpServer, type TcpServer } from './server/tcp-server.ts'
