import type { AnyPipeline, Connection, MessageConnection, Pipeline } from '@millrace/core'
import { Observable, type Subscriber } from 'rxjs'
import { resolveReconnectOptions, type TcpReconnectOptions } from './reconnect-options.ts'
import { Reconnector } from './reconnector.ts'
import type { TcpClientConnection } from './tcp-connector.ts'

/**
 * Successive connections to one place. Nothing happens until it is iterated, or {@link connections$} is subscribed to;
 * each iteration and each subscription makes connections of its own, with plugins of its own.
 *
 * The connections are their holder's. Leaving the iteration, unsubscribing, or aborting `signal` makes no more of them
 * and ends a wait or an attempt at once; one that is open stays open.
 */
export interface TcpReconnections<C> extends AsyncIterable<C> {
  /**
   * Each connection as it comes about, the next when the one before has gone. Errors with what an iteration would
   * throw.
   *
   * @example
   * reconnectTcp({ port: 10000 }).connections$.pipe(switchMap((connection) => connection.data$.pipe(ignoreElements())))
   */
  readonly connections$: Observable<C>
}

/**
 * Connects, and connects again whenever the connection has gone. It is named beside {@link connectTcp} because it takes
 * the same arguments and gives, again and again, what that gives once.
 *
 * `next()` waits until the last connection has gone, and then for a random part of a time that doubles from
 * `initialDelay` to `maxDelay`. The first attempt does not wait.
 *
 * @param options - those of `connectTcp`; `connectTimeout` bounds each attempt, `signal` ends the whole.
 * @param pipeline - one without a handler: each connection is then of its messages.
 * @throws {@link InvalidOptionError} at once. `next()` rejects with the last {@link ConnectError} or
 * {@link ConnectTimeoutError} when `maxAttempts` have failed in a row; `signal.reason`; {@link InvalidPipelineError},
 * {@link PluginBuildError}.
 *
 * @example
 * for await (const connection of reconnectTcp({ port: 10000 })) {
 *   connection.write(Buffer.from('here I am again'))
 *   for await (const chunk of connection) process.stdout.write(chunk)
 * }
 */
export function reconnectTcp(options: TcpReconnectOptions): TcpReconnections<Connection>
export function reconnectTcp<In, Out>(
  options: TcpReconnectOptions,
  pipeline: Pipeline<In, Out, false>,
): TcpReconnections<MessageConnection<In, Out>>
export function reconnectTcp(
  options: TcpReconnectOptions,
  pipeline?: AnyPipeline,
): TcpReconnections<TcpClientConnection> {
  const init = { ...resolveReconnectOptions(options), pipeline }
  return {
    [Symbol.asyncIterator]: () => new Reconnector(init),
    connections$: new Observable((subscriber) => {
      const reconnector = new Reconnector(init)
      emitAll(reconnector, subscriber).catch((error: unknown) => subscriber.error(error))
      return () => void reconnector.return()
    }),
  }
}

async function emitAll<C extends TcpClientConnection>(connections: AsyncIterator<C>, subscriber: Subscriber<C>): Promise<void> {
  for (;;) {
    const result = await connections.next()
    if (result.done) return
    // Unsubscribed between the connection and this line: nobody would ever hold it.
    if (subscriber.closed) return result.value.abort()
    subscriber.next(result.value)
  }
}
