import type { Peer } from './peer.ts'

/** All peers by name. Loaded one by one, each in its own process: one that cannot be loaded is a row that says so. */
export const peers = {
  'socket.pipe': async (): Promise<Peer> => (await import('./socket-pipe.ts')).socketPipe,
  'socket.pipe, modules loaded': async (): Promise<Peer> => (await import('./socket-pipe-loaded.ts')).socketPipeLoaded,
  'it-pipe': async (): Promise<Peer> => (await import('./it-pipe-echo.ts')).itPipeEcho,
  'it-pipe, 4 generators': async (): Promise<Peer> => (await import('./it-pipe-chain.ts')).itPipeChain,
  'node:dgram': async (): Promise<Peer> => (await import('./raw-dgram.ts')).rawDgram,
  'millrace': async (): Promise<Peer> => (await import('./millrace-echo.ts')).millraceEcho,
  'millrace, 4 plugins': async (): Promise<Peer> => (await import('./millrace-chain.ts')).millraceChain,
  'millrace, UDP': async (): Promise<Peer> => (await import('./millrace-udp-echo.ts')).millraceUdpEcho,
} as const

export type PeerName = keyof typeof peers

export function isPeerName(name: string): name is PeerName {
  return Object.hasOwn(peers, name)
}
