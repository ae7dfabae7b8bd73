import type { StreamHandle } from './stream-binding.ts'

/**
 * What handles of one kind inherit, looked up once. Node gives each TLS handle a shape of its own: what is looked up on one of them V8 looks
 * up anew each time, at a microsecond each.
 */
export interface HandleKind extends Pick<StreamHandle, 'useUserBuffer' | 'readStart' | 'readStop' | 'writeBuffer' | 'writev' | 'shutdown'> {
  /** The getter of {@link StreamHandle.writeQueueSize}. */
  readonly queued: (this: StreamHandle) => number
}

const kinds: WeakMap<object, HandleKind> = new WeakMap()

/** @param handle - one that is a stream handle. */
export function kindOf(handle: StreamHandle): HandleKind {
  const prototype = Object.getPrototypeOf(handle) as StreamHandle
  let kind = kinds.get(prototype)
  if (kind === undefined) kinds.set(prototype, (kind = lookUp(prototype)))
  return kind
}

function lookUp(prototype: StreamHandle): HandleKind {
  const { useUserBuffer, readStart, readStop, writeBuffer, writev, shutdown } = prototype
  let holder: object | null = prototype
  while (holder && !Object.hasOwn(holder, 'writeQueueSize')) holder = Object.getPrototypeOf(holder) as object | null
  const { get } = (holder && Object.getOwnPropertyDescriptor(holder, 'writeQueueSize')) ?? {}
  const queued = get ?? function queued(this: StreamHandle): number { return this.writeQueueSize }
  return { useUserBuffer, readStart, readStop, writeBuffer, writev, shutdown, queued }
}
