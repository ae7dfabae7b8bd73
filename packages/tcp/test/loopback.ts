import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DriverEvents, SocketAddress } from '@millrace/core'
import { acceptHandles } from '../src/server/accept-handles.ts'
import { HandlePort } from '../src/ports/handle-port.ts'
import { NativePort } from '../src/ports/native-port.ts'
import { SocketPort } from '../src/ports/socket-port.ts'
import { findStreamBinding, type StreamBinding, type StreamHandle } from '../src/ports/stream-binding.ts'
import type { PortEvents, StreamPort } from '../src/ports/stream-port.ts'
import { acceptNatively, counting, nativePoller, poller } from './native.ts'

/** Both ends of one loopback connection. */
export interface SocketPair {
  readonly local: Socket
  readonly remote: Socket
}

/** The binding, on whose being there the tests of handles rely. */
export function streamBinding(): StreamBinding {
  const found = findStreamBinding()
  if (found === undefined) throw new Error('this Node has no stream binding')
  return found
}

/** How a port can be made, and its peer. */
export interface PortPair {
  readonly createPort: (events: PortEvents) => StreamPort
  /** Bytes that the port's end has read. */
  readonly bytesRead: () => number
  readonly remote: Socket
}

export type PortKind = 'socket' | 'handle' | 'native'

/** The ports there are here. */
export const portKinds: readonly PortKind[] = poller ? ['socket', 'handle', 'native'] : ['socket', 'handle']

/** The sockets that a port can be on. */
export function socketKinds(port: PortKind): readonly ('tcp' | 'unix')[] {
  return port === 'native' ? ['tcp'] : ['tcp', 'unix']
}

/** One loopback connection whose near end is to become a port. */
export async function portPair(port: PortKind, kind: 'tcp' | 'unix' = 'tcp'): Promise<PortPair> {
  if (port === 'native') {
    const server = createServer()
    const target = await listensAt(server, kind)
    const accepted = acceptNatively(server)
    const remote = await connectedAt(target)
    const descriptor = await accepted
    const { poller, bytesRead } = counting(nativePoller())
    const createPort = (events: PortEvents): StreamPort => {
      const port = new NativePort(poller, descriptor, events)
      ports.add(port)
      return port
    }
    return { createPort, bytesRead, remote }
  }
  if (port === 'socket') {
    const { local, remote } = await socketPair(kind)
    const createPort = (events: PortEvents): StreamPort => new SocketPort(local, events, { resets: kind === 'tcp' })
    return { createPort, bytesRead: () => local.bytesRead, remote }
  }
  const { handle, remote } = await handlePair(kind)
  const createPort = (events: PortEvents): StreamPort => new HandlePort(handle, events, streamBinding())
  const bytesRead = (): number => (handle as unknown as { bytesRead: number }).bytesRead
  return { createPort, bytesRead, remote }
}

/** A connection whose near end is a handle. */
export async function handlePair(kind: 'tcp' | 'unix' = 'tcp'): Promise<{ handle: StreamHandle; remote: Socket }> {
  const server = createServer()
  const taken = new Promise<StreamHandle>((resolve) => {
    server.once('listening', () => acceptHandles(server, resolve))
  })
  const remote = await connectedTo(server, kind)
  const handle = await taken
  handles.add(handle)
  server.close()
  return { handle, remote }
}

const open = new Set<Socket>()
const handles = new Set<StreamHandle>()
const ports = new Set<StreamPort>()
const directories: string[] = []

/** A path for a Unix socket in a directory of its own. */
export function socketPath(): string {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-tcp-'))
  directories.push(directory)
  return join(directory, 'socket')
}

/** Connects two sockets over 127.0.0.1, or over a Unix socket. */
export async function socketPair(kind: 'tcp' | 'unix' = 'tcp'): Promise<SocketPair> {
  const server = createServer({ allowHalfOpen: true })
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const remote = await connectedTo(server, kind)
  const [local] = await accepted
  tracked(local)
  server.close()
  return { local, remote }
}

async function connectedTo(server: Server, kind: 'tcp' | 'unix'): Promise<Socket> {
  return connectedAt(await listensAt(server, kind))
}

type Target = { readonly path: string } | { readonly port: number; readonly host: string }

async function listensAt(server: Server, kind: 'tcp' | 'unix'): Promise<Target> {
  server.listen(kind === 'tcp' ? { port: 0, host: '127.0.0.1' } : { path: socketPath() })
  await once(server, 'listening')
  const address = server.address()
  return typeof address === 'string' ? { path: address } : { port: address?.port ?? 0, host: '127.0.0.1' }
}

async function connectedAt(target: Target): Promise<Socket> {
  const remote = tracked(connect({ ...target, allowHalfOpen: true }))
  await once(remote, 'connect')
  return remote
}

/** A plain client of a server that listens. */
export async function connectRaw(address: SocketAddress | undefined): Promise<Socket> {
  if (address === undefined) throw new Error('the server does not listen')
  const target = address.family === 'unix' ? { path: address.address } : { host: address.address, port: address.port }
  const socket = tracked(connect({ ...target, allowHalfOpen: true }))
  await once(socket, 'connect')
  return socket
}

/** How a socket's input ended: with which bytes, and cleanly or by which error. */
export async function received(socket: Socket): Promise<{ readonly bytes: Buffer; readonly end: string }> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  const end = await new Promise<string>((resolve) => {
    socket.once('end', () => resolve('end'))
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
  })
  return { bytes: Buffer.concat(chunks), end }
}

/** Destroys a socket when {@link closeSockets} is called. */
export function tracked(socket: Socket): Socket {
  open.add(socket)
  socket.once('close', () => open.delete(socket))
  return socket
}

/** Destroys what the tests left open. */
export function closeSockets(): void {
  for (const socket of open) socket.destroy()
  for (const handle of handles) handle.close(() => {})
  handles.clear()
  for (const port of ports) port.destroy()
  ports.clear()
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true })
}

function countResources(): Map<string, number> {
  const counts = new Map<string, number>()
  for (const name of process.getActiveResourcesInfo()) {
    if (/^(TCP|Pipe).*Wrap$/.test(name)) counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  if (poller) counts.set('native', poller.size)
  return counts
}

/** What the process has open by itself: its standard streams are pipes too. */
const baseline = countResources()

/** What is open of sockets and servers, of each how many. */
export function socketResources(): Record<string, number> {
  const open: Record<string, number> = {}
  for (const [name, count] of countResources()) {
    const more = count - (baseline.get(name) ?? 0)
    if (more !== 0) open[name] = more
  }
  return open
}

/** Connections that are open on this side or the other, whichever driver has them; one native server that listens is counted with them. */
export function openSockets(): number {
  const { TCPSocketWrap = 0, native = 0 } = socketResources()
  return TCPSocketWrap + native
}

/** Writes down what is told of input, be it by a port or by a driver. */
class InputRecorder {
  borrows = false
  holdsInput = false
  /** How often what was lent was about to be overwritten. */
  owned = 0
  readonly calls: string[] = []
  readonly chunks: Uint8Array[] = []
  readonly errors: Error[] = []
  bytes = 0
  onChunk: ((chunk: Uint8Array) => void) | undefined

  ownInput(): void {
    this.owned++
  }

  onData(chunk: Uint8Array): void {
    this.chunks.push(chunk)
    this.bytes += chunk.byteLength
    this.onChunk?.(chunk)
  }

  onEnd(): void {
    this.calls.push('end')
  }

  onError(error: Error): void {
    this.calls.push('error')
    this.errors.push(error)
  }
}

/** Writes down what a driver tells. */
export class Recorder extends InputRecorder implements DriverEvents {
  count(call: string): number {
    return this.calls.filter((one) => one === call).length
  }

  onDrain(): void {
    this.calls.push('drain')
  }

  onWriteEnded(): void {
    this.calls.push('writeEnded')
  }

  onClosed(): void {
    this.calls.push('closed')
  }
}

/** Writes down what a port tells. */
export class PortRecorder extends InputRecorder implements PortEvents {
  onSent(): void {
    this.calls.push('sent')
  }

  onFinish(): void {
    this.calls.push('finish')
  }

  onClose(): void {
    this.calls.push('close')
  }
}

/** Bytes that tell their place, so that a lost or doubled piece shows. */
export function pattern(length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + (i >> 8) * 17 + (i >> 16)) & 0xff
  return bytes
}
