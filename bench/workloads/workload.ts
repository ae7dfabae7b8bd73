import type { PeerName } from '../peers/index.ts'

/** What the generator asks of a server: a closed loop, in which each reply lets the next message out. */
export interface Load {
  readonly transport: 'tcp' | 'udp'
  /**
   * `steady`: every connection has its window in flight all the time. `crowd`: the window is that of all connections
   * together, and goes from one to the next. `reconnect`: a message is a connection: connect, echo, close.
   */
  readonly pace: 'steady' | 'crowd' | 'reconnect'
  /** Connections; over UDP each is one peer to the server. */
  readonly connections: number
  /** Messages in flight: of each connection, or of a crowd. */
  readonly window: number
  /** Of one message, in bytes; of a call, of the text in it. */
  readonly size: number
  /** What comes back: the same bytes, the same in ASCII upper case, or the answer to a call (peers/calls.ts). */
  readonly reply: 'same' | 'upper' | 'call'
  /** Over TLS: each connection with a full handshake, or resuming the session of the one before. */
  readonly tls?: 'full' | 'resumed'
}

/** One row: a peer, and where it differs from the others what is asked of it. */
export interface Entry {
  readonly peer: PeerName
  /** In the table; the peer's name unless given. Unique within the workload. */
  readonly label?: string
  readonly load?: Partial<Load>
  /** Is left out of the short run. */
  readonly fullOnly?: true
}

/** A ratio between two rows, and what it must come to. */
export interface Goal {
  readonly of: string
  readonly against: string
  /** Must hold. */
  readonly floor: number
  /** Is what we are after. */
  readonly aim: number
  /** Holds where both rows are there: the one or the other needs what not every machine has. */
  readonly ifThere?: true
}

/** One piece of work and who does it. */
export interface Workload {
  /** One line, at most 40 characters. */
  readonly name: string
  /** CPU time of the server for each message, or memory of the server for each connection. */
  readonly measures: 'cpu' | 'memory'
  readonly load: Load
  /** What the others are compared with. */
  readonly base: Entry
  readonly others: readonly Entry[]
  /**
   * How two rows are compared: `speed` is the second's cost over the first's, the more the better; `cost` the first's
   * over the second's, the less the better.
   */
  readonly compares: 'speed' | 'cost'
  readonly goals: readonly Goal[]
  /** Rows that must not lose a message. */
  readonly lossless?: readonly string[]
  /** So many times the usual warm-up and turns, where a message costs much and so few come by in a turn. */
  readonly stretch?: number
  /** So many times the usual warm-up, where it takes more than {@link stretch} until all is compiled. */
  readonly warmUp?: number
  /** Takes too long for the short run. */
  readonly fullOnly?: true
}

/** The name of a row in the table. */
export function labelOf({ peer, label }: Entry): string {
  return label ?? peer
}

/** A row for each of the peers, with nothing else said. */
export function rows(...peers: readonly PeerName[]): readonly Entry[] {
  return peers.map((peer) => ({ peer }))
}
