/**
 * UDP servers and clients for Millrace: each peer is a session, and a session is a connection, so that the pipelines of
 * streams run on datagrams; or one set of stages for all peers, without sessions.
 *
 * @example
 * import { pipeline, respond } from '@millrace/core'
 * import { connectUdp, createUdpServer } from '@millrace/udp'
 *
 * const server = await createUdpServer(pipeline(respond((datagram) => datagram))).listen({ port: 10_000 })
 * const client = await connectUdp({ port: 10_000 })
 *
 * @packageDocumentation
 */
export type { CommonOptions } from './common-options.ts'
export { UDP_CONNECT_OPTIONS, type UdpConnectOptions } from './client/connect-options.ts'
export { type Datagram, MAX_DATAGRAM_BYTES, MAX_DATAGRAM_BYTES_IPV6, maxDatagramBytes } from './session/datagram.ts'
export { UDP_LISTEN_OPTIONS, type UdpListenOptions } from './server/listen-options.ts'
export { UDP_SERVER_OPTIONS, type UdpServerOptions } from './server/server-options.ts'
export { type MulticastMembership, UDP_SOCKET_OPTIONS, type UdpSocketOptions } from './socket-options.ts'
export { connectUdp } from './client/udp-client.ts'
export { createUdpServer, type UdpServer } from './server/udp-server.ts'
export { UdpSession, type UdpSessionInit, udpSessionOf } from './session/udp-session.ts'
