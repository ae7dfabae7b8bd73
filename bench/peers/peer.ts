/** A server to be measured. It runs in a process of its own; one file here makes one peer. */
export interface Peer {
  /** One line for the README: what it is made of. */
  readonly about: string
  /** Listens on 127.0.0.1, on a port of the system's choice. @returns the port. */
  listen(): Promise<number>
}
