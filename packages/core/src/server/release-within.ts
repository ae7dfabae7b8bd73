import type { Clock } from '../connection/clock.ts'
import { deferred, ignoreRejection } from '../connection/promises.ts'
import { DrainTimeoutError } from '../errors/connection-errors.ts'
import type { BuiltPipeline } from '../pipeline/built-pipeline.ts'

/**
 * Lets a pipeline go. A plugin that does not come to an end in being disposed of is left behind at the deadline, as a
 * connection is.
 *
 * @param timeout - in ms; 0 waits without end.
 * @throws {@link DrainTimeoutError}; what {@link BuiltPipeline.release} throws.
 */
export async function releaseWithin(built: BuiltPipeline, timeout: number, clock: Clock): Promise<void> {
  const released = ignoreRejection(built.release())
  const tooLate = deferred<never>()
  const deadline =
    timeout > 0 ? clock.schedule(() => tooLate.reject(new DrainTimeoutError(timeout)), timeout) : undefined
  try {
    await Promise.race([released, tooLate.promise])
  } finally {
    deadline?.cancel()
  }
}
