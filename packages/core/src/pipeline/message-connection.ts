import type { Duplex } from '../connection/connection.ts'
import type { Attributes } from './attributes.ts'

/**
 * What a handler holds, and a client that was given a pipeline: the connection seen through the pipeline, in messages. What is
 * written passes the outbound stages, what is read has passed the inbound ones. Sizes (`highWaterMark`) are those of the
 * bytes underneath.
 */
export interface MessageConnection<In, Out> extends Duplex<In, Out> {
  /** Shared with the plugins of this connection. */
  readonly attributes: Attributes
  /**
   * Aborts when the server begins to drain: finish what is in hand. Never aborts on a client, nor once the connection is gone. It is the
   * connection's own: what listens to it goes with it.
   */
  readonly draining: AbortSignal
}
