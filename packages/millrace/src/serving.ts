import { merge, type Observable } from 'rxjs'
import type {
  AbortOptions,
  MessageConnection,
  Server,
  ServerCloseInfo,
  ServerCounters,
  ServerEvent,
  SocketAddress,
} from '@millrace/core'
import type { TcpServer } from '@millrace/tcp'
import type { UdpServer } from '@millrace/udp'
import type { ListenerKind } from './serve-options.ts'

/** The servers behind the listeners that were asked for. */
export interface ServingServers<In, Out> {
  readonly tcp?: TcpServer<MessageConnection<In, Out>>
  readonly tls?: TcpServer<MessageConnection<In, Out>>
  readonly udp?: UdpServer<MessageConnection<In, Out>>
  readonly unix?: TcpServer<MessageConnection<In, Out>>
}

/** Several listeners that one pipeline serves: what `serve` gives. */
export interface Serving<In = unknown, Out = never> extends AsyncDisposable {
  readonly servers: ServingServers<In, Out>
  /** Where each of them listens; empty once they are closed. */
  readonly addresses: Readonly<Partial<Record<ListenerKind, SocketAddress>>>
  /** Everything that happens in any of them; completes when all are closed. Does not replay. */
  readonly events$: Observable<ServerEvent>
  /** What has happened so far, in all of them together. */
  readonly counters: ServerCounters
  /**
   * Settles when all are closed and everything is released. `cutOff` is the sum: connections that `drainTimeout` or `abort` cut
   * off at work. Never rejects.
   */
  readonly closed: Promise<ServerCloseInfo>

  /**
   * Drains all of them at once, as {@link Server.close} does. Idempotent.
   *
   * @throws `signal.reason`, at once; draining goes on.
   */
  close(options?: AbortOptions): Promise<void>

  /** Ends at once: resets every connection. Idempotent. */
  abort(reason?: unknown): void
}

type AnyServer = Server<unknown, never>

/** Puts servers that listen together. */
export function toServing<In, Out>(servers: ServingServers<In, Out>): Serving<In, Out> {
  const entries = Object.entries(servers) as [ListenerKind, AnyServer][]
  const all = entries.map(([, server]) => server)
  const close = async (options?: AbortOptions): Promise<void> => {
    await Promise.all(all.map((server) => server.close(options)))
  }
  return {
    servers,
    events$: merge(...all.map(({ events$ }) => events$)),
    closed: whenAllClosed(all),
    get addresses() {
      return Object.fromEntries(entries.flatMap(([kind, { address }]) => (address ? [[kind, address]] : [])))
    },
    get counters() {
      return all.map(({ counters }) => counters).reduce(addCounters)
    },
    close,
    abort: (reason) => all.forEach((server) => server.abort(reason)),
    [Symbol.asyncDispose]: () => close(),
  }
}

async function whenAllClosed(servers: readonly AnyServer[]): Promise<ServerCloseInfo> {
  const infos = await Promise.all(servers.map(({ closed }) => closed))
  return { cutOff: infos.reduce((sum, { cutOff }) => sum + cutOff, 0) }
}

type Counts = Readonly<Partial<Record<string, number>>>

function addCounts(a: Counts, b: Counts): Counts {
  const sum: Partial<Record<string, number>> = { ...a }
  for (const [reason, count = 0] of Object.entries(b)) sum[reason] = (sum[reason] ?? 0) + count
  return sum
}

function addCounters(a: ServerCounters, b: ServerCounters): ServerCounters {
  return {
    accepted: a.accepted + b.accepted,
    refused: a.refused + b.refused,
    refusedFor: addCounts(a.refusedFor, b.refusedFor),
    failed: a.failed + b.failed,
    framesDropped: a.framesDropped + b.framesDropped,
    datagramsDropped: a.datagramsDropped + b.datagramsDropped,
    datagramsDroppedFor: addCounts(a.datagramsDroppedFor, b.datagramsDroppedFor),
  }
}
