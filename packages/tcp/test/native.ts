import type { Server } from 'node:net'
import * as native from '@millrace/tcp-native'
import { listeningDescriptor } from '../src/ports/descriptor.ts'
import type { Poller } from '../src/ports/poller.ts'

/** The native driver's poller, where it can be had: on Linux, once `npm run build:native` has made its binary. */
export const poller: Poller | undefined = (() => {
  try {
    return native.loadNative()
  } catch {
    return undefined
  }
})()

/** The poller, in tests that run only where it is. */
export function nativePoller(): Poller {
  if (poller === undefined) throw new Error('there is no native driver')
  return poller
}

/** The next connection of a server that listens, which is closed with it: its descriptor. */
export function acceptNatively(server: Server): Promise<number> {
  return new Promise((resolve) => {
    const listening = nativePoller().listen(listeningDescriptor(server) as number, {
      onReady() {
        const descriptor = nativePoller().accept(listening, { noDelay: true })
        nativePoller().close(listening, false)
        resolve(descriptor)
      },
    })
    server.close()
  })
}

/** The same poller, which counts the bytes that are read through it. */
export function counting(real: Poller): { readonly poller: Poller; readonly bytesRead: () => number } {
  let bytes = 0
  const count = (length: number): number => {
    if (length > 0) bytes += length
    return length
  }
  const poller = {
    memory: real.memory,
    attach: real.attach.bind(real),
    watch: real.watch.bind(real),
    head: real.head.bind(real),
    read: (descriptor: number, most?: number) => count(real.read(descriptor, most)),
    readInto: (descriptor: number, memory: Uint8Array) => count(real.readInto(descriptor, memory)),
    write: real.write.bind(real),
    writeAll: real.writeAll.bind(real),
    shutdown: real.shutdown.bind(real),
    close: real.close.bind(real),
    release: real.release.bind(real),
  } as unknown as Poller
  return { poller, bytesRead: () => bytes }
}
