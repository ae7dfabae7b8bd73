import type { PeerName } from '../peers/index.ts'

/** What the generator asks of a server: a closed loop, in which each reply lets the next message out. */
export interface Load {
  readonly transport: 'tcp' | 'udp'
  /** Connections; over UDP, sockets, each of which is one peer to the server. */
  readonly connections: number
  /** Messages that each connection has in flight. */
  readonly window: number
  /** Of one message, in bytes. */
  readonly size: number
  /** What comes back: the same bytes, or the same in ASCII upper case. */
  readonly reply: 'same' | 'upper'
}

/** One piece of work and who does it. */
export interface Workload {
  /** One line, at most 30 characters. */
  readonly name: string
  readonly load: Load
  /** What the others are compared with. */
  readonly base: PeerName
  readonly others: readonly PeerName[]
  /** The least ratio that must hold, of one of the others. */
  readonly floor: { readonly peer: PeerName; readonly ratio: number }
}
