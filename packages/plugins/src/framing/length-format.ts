/**
 * How a frame tells its length: a head that says how long the body is, the body, and what stands behind it. Reading a
 * head leaves its answer in the object, so each connection has one of its own.
 */
export interface LengthFormat {
  /** In bytes: no head is longer. */
  readonly longestHead: number
  /** In bytes: what stands behind a body. */
  readonly trailer: number
  /** In bytes, of the head that was read last. */
  readonly head: number
  /** In bytes, as the head that was read last has it. */
  readonly body: number
  /** In bytes, of the head that was read last: how much of its beginning does not belong to what is emitted. */
  readonly strip: number
  /**
   * Reads a head.
   *
   * @param start - in bytes: where the frame begins in them.
   * @param end - in bytes: where what has arrived of it ends.
   * @param offset - of the frame, for errors.
   * @returns whether the head is whole.
   * @throws {@link CorruptFrameError} as soon as the bytes that are there cannot become a head.
   */
  readHead(bytes: Uint8Array, start: number, end: number, offset: number): boolean
  /** How many bytes of a head there have to be to tell more than `have` of them tell. */
  wanted(have: number): number
  /**
   * Looks at what stands behind the body.
   *
   * @param at - in bytes: where it begins.
   * @param offset - of that, for errors.
   * @throws {@link CorruptFrameError} where it is something else.
   */
  readonly checkTrailer?: (bytes: Uint8Array, at: number, offset: number) => void
}
