import { wantedDriver } from '@millrace/core'

/** What libuv gives for a connected stream: Node's `TCP` or `Pipe`, as far as it is used here. */
export interface StreamHandle {
  /** The descriptor, -1 where there is none. */
  readonly fd: number
  /** Bytes of requests under way that the kernel has not taken. */
  readonly writeQueueSize: number
  /** Called after each read; what it returns is read into from then on. */
  onread: (this: StreamHandle) => Uint8Array | undefined
  useUserBuffer(memory: Uint8Array): void
  readStart(): number
  readStop(): number
  writeBuffer(request: object, chunk: Uint8Array): number
  writev(request: object, chunks: readonly Uint8Array[], allBuffers: true): number
  shutdown(request: object): number
  close(callback: () => void): void
  /** On TCP alone. */
  readonly reset?: ((callback: () => void) => number) | undefined
  getpeername?(into: object): number
  getsockname?(into: object): number
  setNoDelay?(on: boolean): number
  /** @param delay - in seconds. */
  setKeepAlive?(on: boolean, delay: number): number
  /** For one that tells by itself whether the end of the input was one: the error where it was not. */
  endError?(): Error | undefined
  /** For one that can break without a read or a write of ours failing: called with why. */
  onbreak?: (cause: Error) => void
}

/** A request object of Node's, with room for whose it is. */
export interface StreamRequest<Owner> {
  oncomplete: (this: StreamRequest<Owner>, status: number) => void
  owner: Owner | undefined
}

/** What goes with the handles: how requests are made, and where they leave their outcome. */
export interface StreamBinding {
  readonly WriteWrap: new () => object
  readonly ShutdownWrap: new () => object
  readonly streamBaseState: Int32Array
  /** Where in the state the last read left its length, or a negative error. */
  readonly kReadBytesOrError: number
  /** Where the last write left whether it is still under way. */
  readonly kLastWriteWasAsync: number
}

const METHODS = ['useUserBuffer', 'readStart', 'readStop', 'writeBuffer', 'writev', 'shutdown', 'close'] as const

/** What handles inherit from, where that has been found to have everything: looking at each handle costs more than all else about it. */
const found: WeakSet<object> = new WeakSet()

/** Whether a handle has everything that is used of it. */
export function isStreamHandle(value: unknown): value is StreamHandle {
  if (typeof value !== 'object' || value === null) return false
  const kind = Object.getPrototypeOf(value) as object | null
  if (kind !== null && found.has(kind)) return true
  const complete = hasAll(value)
  if (complete && kind !== null) found.add(kind)
  return complete
}

function hasAll(value: object): boolean {
  if (!('onread' in value) || typeof (value as StreamHandle).writeQueueSize !== 'number') return false
  return METHODS.every((method) => typeof (value as StreamHandle)[method] === 'function')
}

/**
 * The binding under Node's own sockets. It is no public interface (DEP0111 of Node's deprecations advises against it), so
 * it is looked at before it is used: where anything is missing, or the process may not have it, sockets do. So they do
 * where `MILLRACE_DRIVER` is `public`.
 *
 * @throws {@link InvalidOptionError} for a value of it that is none.
 */
export function findStreamBinding(): StreamBinding | undefined {
  // Not tried on Windows.
  if (process.platform === 'win32' || wantedDriver() === 'public') return undefined
  try {
    const { binding } = process as unknown as { readonly binding?: (name: string) => Partial<StreamBinding> }
    const found = binding?.call(process, 'stream_wrap')
    if (!isStreamBinding(found)) return undefined
    // Copied: the binding's own object is slow to read from, and this is read for every chunk.
    const { WriteWrap, ShutdownWrap, streamBaseState, kReadBytesOrError, kLastWriteWasAsync } = found
    return { WriteWrap, ShutdownWrap, streamBaseState, kReadBytesOrError, kLastWriteWasAsync }
  } catch {
    return undefined
  }
}

function isStreamBinding(found: Partial<StreamBinding> | undefined): found is StreamBinding {
  const { WriteWrap, ShutdownWrap, streamBaseState, kReadBytesOrError, kLastWriteWasAsync } = found ?? {}
  const makes = typeof WriteWrap === 'function' && typeof ShutdownWrap === 'function'
  const tells = typeof kReadBytesOrError === 'number' && typeof kLastWriteWasAsync === 'number'
  return makes && tells && streamBaseState instanceof Int32Array
}
