/** Where a server listens, and how. */
export interface Listening {
  readonly port: number
  /** The driver that moves its bytes, where it says so. */
  readonly driver?: string
}

/** A server to be measured. It runs in a process of its own; one file here makes one peer. */
export interface Peer {
  /** One line: what it is made of. */
  readonly about: string
  /** Listens on 127.0.0.1, on a port of the system's choice. */
  listen(): Promise<Listening>
}

/** The first line that the process of a server writes, as JSON: where it listens, or why it does not. */
export type Announcement = Listening | { readonly missing: string }
