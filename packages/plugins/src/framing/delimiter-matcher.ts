/**
 * Finds delimiters in a stream of chunks. Each byte is looked at a constant number of times, however the stream is cut;
 * of several delimiters that end at the same byte it is the longest that counts.
 */
export interface DelimiterMatcher {
  /**
   * Looks for the end of a delimiter, going on where the last call stopped.
   *
   * @param from - in bytes; 0 for a new chunk, then what the last call returned.
   * @returns the index after the delimiter; -1 where none ends in this chunk.
   */
  find(chunk: Uint8Array, from: number): number
  /** In bytes: the length of the delimiter that was found last. It may have begun in an earlier chunk. */
  readonly matched: number
  /** In bytes: how much of what was looked at last may be the beginning of a delimiter. */
  readonly pending: number
  /** Forgets what was looked at. */
  reset(): void
}
