import { CorruptFrameError } from '@millrace/core'

/**
 * Refuses what is no frame before it is encoded. Where nobody compiles, a text would have a length and be written as so many zeros.
 *
 * @throws {@link CorruptFrameError}
 */
export function checkFrame(frame: unknown): void {
  if (!(frame instanceof Uint8Array)) throw new CorruptFrameError('what is sent is no Uint8Array')
}
