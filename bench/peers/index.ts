import type { Peer } from './peer.ts'
import type { PeerSource } from './sources.ts'

type Load = () => Promise<Peer>

const theirs = (load: Load): PeerSource => ({ kind: 'module', load })
const ours = (load: Load, env: Record<string, string> = {}): PeerSource => ({ kind: 'module', load, env, ours: true })

const socketPipe: Load = async () => (await import('./socket-pipe.ts')).socketPipe
const millraceEcho: Load = async () => (await import('./millrace-echo.ts')).millraceEcho
const millraceTlsEcho: Load = async () => (await import('./millrace-tls-echo.ts')).millraceTlsEcho
const udpEcho: Load = async () => (await import('./millrace-udp-echo.ts')).millraceUdpEcho
const nativeUdpEcho: Load = async () => (await import('./millrace-udp-echo.ts')).millraceNativeUdpEcho
const udpForAwait: Load = async () => (await import('./millrace-udp-for-await.ts')).millraceUdpForAwait
const nativeUdpForAwait: Load = async () => (await import('./millrace-udp-for-await.ts')).millraceNativeUdpForAwait
const manySessions: Load = async () => (await import('./millrace-udp-many.ts')).millraceUdpMany
const nativeManySessions: Load = async () => (await import('./millrace-udp-many.ts')).millraceNativeUdpMany

/** Refuses the native driver, which is taken where it is there. */
const NODE_DRIVER = { MILLRACE_DRIVER: 'node' }

/** Has accepted connections made sockets of, as where Node's handles are not what they were. */
const PUBLIC_PATH = { MILLRACE_DRIVER: 'public' }

const table = {
  'socket.pipe': theirs(socketPipe),
  'socket.pipe, modules loaded': theirs(async () => (await import('./socket-pipe-loaded.ts')).socketPipeLoaded),
  'data and write': theirs(async () => (await import('./data-and-write.ts')).dataAndWrite),
  'socket, for await': theirs(async () => (await import('./socket-for-await.ts')).socketForAwait),
  'it-pipe': theirs(async () => (await import('./it-pipe-echo.ts')).itPipeEcho),
  'it-pipe, 4 generators': theirs(async () => (await import('./it-pipe-chain.ts')).itPipeChain),
  'RxJS fromEvent': theirs(async () => (await import('./rxjs-from-event.ts')).rxjsFromEvent),
  'socket, JSON calls': theirs(async () => (await import('./socket-calls.ts')).socketCalls),
  'tls.pipe': theirs(async () => (await import('./tls-pipe.ts')).tlsPipe),
  'node:dgram': theirs(async () => (await import('./raw-dgram.ts')).rawDgram),

  'millrace': ours(millraceEcho),
  'millrace, node driver': ours(millraceEcho, NODE_DRIVER),
  'millrace, public path': ours(millraceEcho, PUBLIC_PATH),
  'millrace, TLS': ours(millraceTlsEcho),
  'millrace, TLS, public path': ours(millraceTlsEcho, PUBLIC_PATH),
  'millrace, source to sink': ours(async () => (await import('./millrace-source-to-sink.ts')).millraceSourceToSink),
  'millrace, for await': ours(async () => (await import('./millrace-for-await.ts')).millraceForAwait),
  'millrace, data$': ours(async () => (await import('./millrace-data.ts')).millraceData),
  'millrace, 3 plugins': ours(async () => (await import('./millrace-three-plugins.ts')).millraceThreePlugins),
  'millrace, 3 plugins, node driver': ours(async () => (await import('./millrace-three-plugins.ts')).millraceThreePlugins, NODE_DRIVER),
  'millrace, 4 plugins': ours(async () => (await import('./millrace-chain.ts')).millraceChain),
  'millrace, 4 plugins, 64 KiB': ours(async () => (await import('./millrace-chain.ts')).millraceBulkChain),
  'millrace, 4 plugins, bytes left alone': ours(async () => (await import('./millrace-chain.ts')).millracePassingChain),
  'millrace, 4 transforms': ours(async () => (await import('./millrace-transforms.ts')).millraceTransforms),
  'millrace, 4 async stages': ours(async () => (await import('./millrace-async-stages.ts')).millraceAsyncStages),
  'millrace, JSON calls': ours(async () => (await import('./millrace-calls.ts')).millraceCalls),
  'millrace, UDP': ours(udpEcho, NODE_DRIVER),
  'millrace, UDP native': ours(nativeUdpEcho),
  'millrace, UDP for await': ours(udpForAwait, NODE_DRIVER),
  'millrace, UDP native, for await': ours(nativeUdpForAwait),
  'millrace, UDP many': ours(manySessions, NODE_DRIVER),
  'millrace, UDP native, many': ours(nativeManySessions),

  'Node 24, socket.pipe': { kind: 'module', load: socketPipe, runtime: 'node-24' },
  'Node 26, socket.pipe': { kind: 'module', load: socketPipe, runtime: 'node-26' },
  'Node 24, millrace': { kind: 'module', load: millraceEcho, runtime: 'node-24' },
  'Node 26, millrace': { kind: 'module', load: millraceEcho, runtime: 'node-26' },
  'libp2p, for await': { kind: 'guest', file: 'libp2p-for-await.mjs', noHalfClose: true },
  'libp2p, events': { kind: 'guest', file: 'libp2p-events.mjs', noHalfClose: true },
  'Effect': { kind: 'guest', file: 'effect-echo.mjs', runtime: 'node-26', noHalfClose: true },
  'NestJS, TCP': { kind: 'guest', file: 'nest-calls.mjs', noHalfClose: true },
  'Bun.listen': { kind: 'guest', file: 'bun-listen.mjs', runtime: 'bun' },
  'Bun.udpSocket': { kind: 'guest', file: 'bun-udp.mjs', runtime: 'bun' },
  'Deno.listen': { kind: 'guest', file: 'deno-listen.mjs', runtime: 'deno', flags: ['run', '--allow-net'] },
  'C, epoll': { kind: 'native', program: 'epoll-echo' },
  'C, recvmmsg': { kind: 'native', program: 'recvmmsg-echo' },
} as const satisfies Record<string, PeerSource>

export type PeerName = keyof typeof table

/**
 * All peers by name, a line each. A server runs in its own process: one that cannot be started is a row that says so.
 */
export const peers: Readonly<Record<PeerName, PeerSource>> = table

export function isPeerName(name: string): name is PeerName {
  return Object.hasOwn(peers, name)
}
