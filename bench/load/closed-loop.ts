import { setTimeout as delay } from 'node:timers/promises'

/** What one turn of a closed loop came to. */
export interface Outcome {
  /** Messages that came back whole. */
  readonly messages: number
  /** Messages that did not: always 0 over TCP. */
  readonly lost: number
}

/** A closed loop with one server. */
export interface ClosedLoop {
  /**
   * Keeps every window full for a while, then waits for what is in flight: when it resolves the server is idle.
   *
   * @param duration - in milliseconds; 0 sends one window and no more.
   * @throws where a connection ends, or nothing has come back for 10 s.
   */
  run(duration: number): Promise<Outcome>
  /** Lets go of its connections, as they are. */
  close(): void
}

/** How long a turn waits for the last replies, in milliseconds. */
export const STALL = 10_000

/** How long the connections of a loop may take to open, in milliseconds, and {@link STALL} more. */
export const OPENING = 50_000

/** The promise, unless the signal aborts first, with its reason, or it takes longer than its duration and {@link STALL}. */
export async function untilDone<T>(promise: Promise<T>, failed: AbortSignal, duration = 0): Promise<T> {
  failed.throwIfAborted()
  const over = new AbortController()
  const stalled = delay(duration + STALL, undefined, { signal: over.signal }).then(() => {
    throw new Error('nothing came back')
  })
  const aborted = new Promise<never>((_, reject) => {
    failed.addEventListener('abort', () => reject(failed.reason as Error), { signal: over.signal })
  })
  // Ended by `over`, when the race is long decided.
  stalled.catch(() => {})
  try {
    return await Promise.race([promise, stalled, aborted])
  } finally {
    over.abort()
  }
}
