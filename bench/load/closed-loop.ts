/** What one turn of a closed loop came to. */
export interface Outcome {
  /** Messages that came back whole. */
  readonly messages: number
  /** Messages that did not: always 0 over TCP. */
  readonly lost: number
}

/** A closed loop with one server, whose connections stay open from turn to turn. */
export interface ClosedLoop {
  /**
   * Keeps every window full for a while, then waits for what is in flight: when it resolves the server is idle.
   *
   * @param duration - in milliseconds.
   * @throws where a connection ends, or nothing has come back for 10 s.
   */
  run(duration: number): Promise<Outcome>
  close(): void
}

/** How long a turn waits for the last replies, in milliseconds. */
export const STALL = 10_000
