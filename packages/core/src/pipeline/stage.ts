/** Takes one item on to the next stage. Throws {@link PushLimitError} when one `push` emits more than `maxPushBytes`. */
export type Emit<Out> = (item: Out) => void

/**
 * One direction of a plugin as a synchronous step: one item in, any number of items out, no promise per item. Neighbouring
 * stages run as one call inside the socket's own callback.
 *
 * Its members are function properties, so that the compiler checks them contravariantly.
 *
 * @example
 * const reverse: Stage<Uint8Array, Uint8Array> = { push: (chunk, emit) => emit(chunk.toReversed()) }
 */
export interface Stage<In, Out> {
  /**
   * Takes one item. It may be kept, never changed. An emitted item belongs to the stages after; emitting later than this
   * call returns is an error: use `PluginContext.emitInbound` or `emitOutbound`.
   *
   * Nobody waits for a promise that it returns, as an async function does; the promise's rejection is a failure of the plugin.
   *
   * @throws a {@link FrameError} for bytes that are no frame; anything else is a failure of the plugin.
   */
  readonly push: (item: In, emit: Emit<Out>) => void
  /** A datagram's items have all been pushed. Called in order of the stages; never called on a byte stream. */
  readonly endOfDatagram?: (emit: Emit<Out>) => void
  /**
   * This direction ends cleanly: the last word. Throw {@link UnexpectedEndError} where something is half read. Outbound that is so, too,
   * where the peer has broken the protocol and gets its answers.
   */
  readonly end?: (emit: Emit<Out>) => void
  /** Forget what is half read: the rest of a bad datagram was dropped. */
  readonly reset?: () => void
  /**
   * Promises that nothing of a pushed item is kept once `push` has returned; a view of it may have been emitted. (To write it
   * to another connection is to keep it.) Where all stages of a pipeline promise that, and echo or discard is at its end,
   * they are fed from a read buffer that is used again at once.
   */
  readonly borrows?: boolean
}

/**
 * One direction of a plugin as an async generator over its items: for what has to await. Costs promises per item; the
 * engine stops reading while it is behind. Where a codec before it finds the input of a stream bad, its source throws that error behind the
 * last item; whatever it does then, the error goes on to those after it.
 *
 * On a datagram connection it is run afresh for each datagram, one after the other, over that datagram's items; with
 * `spansDatagrams` it is run once over all of them.
 *
 * @example
 * const slow: AsyncStage<Uint8Array, Uint8Array> = async function * (source) {
 *   for await (const chunk of source) yield await lookUp(chunk)
 * }
 */
export interface AsyncStage<In, Out> {
  (source: AsyncIterable<In>): AsyncIterable<Out>
  readonly spansDatagrams?: boolean
}

/** Whether a direction of a plugin is an {@link AsyncStage}. */
export function isAsyncStage<In, Out>(stage: Stage<In, Out> | AsyncStage<In, Out>): stage is AsyncStage<In, Out> {
  return typeof stage === 'function'
}

/** Whether a direction of a plugin promises to keep nothing of an item; one that is missing does. */
export function borrows(stage: Stage<unknown, unknown> | AsyncStage<unknown, unknown> | undefined): boolean {
  return stage === undefined || (!isAsyncStage(stage) && stage.borrows === true)
}
