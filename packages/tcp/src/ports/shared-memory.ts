import { markAsUntransferable } from 'node:worker_threads'

/**
 * Memory in which the chunks of many connections lie side by side. As with Node's own pool, none of their readers can transfer it to another
 * thread, for it would be gone for all: Node 20 copies it then, later versions refuse with a `DataCloneError`.
 */
export function sharedMemory(size: number): Buffer {
  const memory = Buffer.allocUnsafeSlow(size)
  markAsUntransferable(memory.buffer)
  return memory
}
