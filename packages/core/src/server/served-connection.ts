import type { BaseConnection } from '../connection/base-connection.ts'
import type { ConnectionOwner } from '../connection/connection-roles.ts'
import type { CloseInfo } from '../connection/connection.ts'
import type { Drainable } from './drain.ts'
import type { Enrolled } from './roster.ts'

/** What serves a connection, if anything of ours does. */
interface Worker {
  readonly busy: boolean
  /** Made when it is first asked for. */
  readonly messages: unknown
}

/** Who is told when a connection has gone. */
interface Leaving<C> {
  leave(served: ServedConnection<C>, info: CloseInfo): void
}

/** One connection of a server, from its acceptance on until it is gone. */
export class ServedConnection<C> implements ConnectionOwner, Drainable, Enrolled<ServedConnection<C>> {
  previous: ServedConnection<C> | undefined
  next: ServedConnection<C> | undefined
  readonly connection: BaseConnection
  /** By the server's clock, in ms. */
  readonly openedAt: number
  readonly #server: Leaving<C>
  readonly #worker: Worker | undefined

  /** @param worker - left out where whoever iterates the server serves it. */
  constructor(server: Leaving<C>, connection: BaseConnection, openedAt: number, worker?: Worker) {
    this.connection = connection
    this.openedAt = openedAt
    this.#server = server
    this.#worker = worker
  }

  /** What the server's users hold of it. */
  get face(): C {
    return (this.#worker ? this.#worker.messages : this.connection) as C
  }

  get busy(): boolean {
    return this.#worker ? this.#worker.busy : isInUse(this.connection)
  }

  onGone(info: CloseInfo): void {
    this.#server.leave(this, info)
  }
}

/** Whether whoever took the connection has something in hand: it was given input and has not asked for more, or owes the answer. */
function isInUse({ inbox, status }: BaseConnection): boolean {
  return status === 'half-closed-remote' || (inbox.claimed && !inbox.awaited)
}
