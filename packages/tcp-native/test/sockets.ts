import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { loadNative, type Poller, type ReadyListener } from '../src/index.ts'

/** Whether the binary can be had here: on Linux, once `npm run build:native` has made it. */
export const hasNative: boolean = (() => {
  try {
    loadNative()
    return true
  } catch {
    return false
  }
})()

const descriptors = new Set<number>()
const peers: (Socket | Server)[] = []

/** Closes what the functions below have opened. */
export function closeSockets(): void {
  for (const descriptor of descriptors) loadNative().close(descriptor, false)
  descriptors.clear()
  for (const peer of peers.splice(0)) {
    if ('destroy' in peer) peer.destroy()
    else peer.close()
  }
}

/** A socket that listens: as Node's server, and its descriptor. */
export async function listenInNode(host = '127.0.0.1'): Promise<{ server: Server; port: number; fd: number }> {
  const server = createServer().listen(0, host)
  peers.push(server)
  await once(server, 'listening')
  const { fd } = (server as unknown as { _handle: { fd: number } })._handle
  return { server, port: (server.address() as AddressInfo).port, fd }
}

/** The same on the poller. */
export function listenOn(fd: number, listener: ReadyListener): number {
  const listening = loadNative().listen(fd, listener)
  descriptors.add(listening)
  return listening
}

/** A client of Node's. */
export async function connectTo(port: number, host = '127.0.0.1'): Promise<Socket> {
  const peer = connect({ port, host, allowHalfOpen: true })
  peers.push(peer)
  await once(peer, 'connect')
  return peer
}

type OnReady = (descriptor: number, events: number) => void

/** A connection of the poller's. */
export interface Pair {
  readonly poller: Poller
  readonly descriptor: number
  readonly peer: Socket
  /** What the poller has told of it: the bits of each call. */
  readonly told: number[]
}

/** A connection that the poller has accepted, and its other end. `onReady` is called for what it is told of. */
export async function pair(onReady: OnReady = () => {}, host = '127.0.0.1'): Promise<Pair> {
  const poller = loadNative()
  const { server, port, fd } = await listenInNode(host)
  const accepted = new Promise<number>((resolve) => {
    const listening = listenOn(fd, {
      onReady() {
        const descriptor = poller.accept(listening, { noDelay: true, keepAlive: 60 })
        poller.close(listening, false)
        descriptors.delete(listening)
        resolve(track(descriptor, onReady, told))
      },
    })
  })
  const told: number[] = []
  server.close()
  const peer = await connectTo(port, host)
  return { poller, descriptor: await accepted, peer, told }
}

function track(descriptor: number, onReady: OnReady, told: number[]): number {
  descriptors.add(descriptor)
  loadNative().attach(descriptor, {
    onReady(events) {
      told.push(events)
      onReady(descriptor, events)
    },
  })
  return descriptor
}

/** For a test that closes or releases one by itself. */
export function forget(descriptor: number): void {
  descriptors.delete(descriptor)
}
