import type { DatagramBatch } from '../drivers/udp-driver.ts'

/**
 * What became of one datagram of a batch: `next` may follow; or others are to run before that, it being taken (`pause`)
 * or to be offered `again`.
 */
export type Taken = 'next' | 'pause' | 'again'

/**
 * Gives out a batch one by one. Readers run between datagrams where that matters, as if each had come by itself: the
 * promises of what came before are done when it goes on. So a burst within a batch fills no queue that its
 * reader would have emptied.
 *
 * @param take - `isRetry` tells that the same datagram was to be offered again, and all who wanted to run have run.
 */
export function giveOut(
  batch: DatagramBatch,
  take: (batch: DatagramBatch, index: number, isRetry: boolean) => Taken,
  from = 0,
  isRetry = false,
): void {
  for (let i = from; i < batch.length; i++) {
    const taken = take(batch, i, isRetry && i === from)
    if (taken === 'next') continue
    const isAgain = taken === 'again'
    // A tick that a microtask asks for comes when there are no microtasks left.
    queueMicrotask(() => process.nextTick(giveOut, batch, take, isAgain ? i : i + 1, isAgain))
    return
  }
}
