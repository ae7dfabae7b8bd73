// A TFTP server for the files of one folder, to read and write: retransmission, options, a port for each transfer.
import { realpath } from 'node:fs/promises'
import { connectUdp, createContainer, createUdpServer, type DependencyContainer, handle, pipeline } from 'millrace'
import type { MessageConnection } from 'millrace'
import { Folder, Refused } from './shared/folder.ts'
import { type Address, listenOn, runDirectly, type Running } from './shared/running.ts'
import { type Packet, requested, retransmit, tftp } from './shared/tftp.ts'

/** The most that is taken for one file, in bytes. */
const MAX_FILE = 32 * 1024 * 1024
const BLOCK = 512
/** The largest block, so that a datagram passes an Ethernet in one piece; who asks for more is granted this. */
const MAX_BLOCK = 1428
/** The longest time to the next try, in seconds: of a forged request all five pass, and keep one of few places. */
const MAX_TIMEOUT = 10
/** A session is a transfer's, which ends by itself: its peer is silent here while it goes on. */
const LIMITS = { maxSessions: 64, maxSessionsPerAddress: 16, sessionIdleTimeout: 0 }

type Peer = MessageConnection<Packet, Packet>
type Request = Extract<Packet, { readonly name: string }>

/** What ends a transfer and is told to the peer: the code and the words of an ERROR packet (RFC 1350, appendix). */
class TransferError extends Error {
  readonly code: number
  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}
const CODES = { 'not found': 1, 'not allowed': 2, exists: 6 } as const

const secondsOf = ({ options }: Request): number | undefined => {
  const seconds = Number(options.get('timeout'))
  return Number.isInteger(seconds) && seconds >= 1 && seconds <= MAX_TIMEOUT ? seconds : undefined
}

/** What is granted of what is asked for (RFC 2347 to 2349), and the size of a block. */
function negotiate(request: Request, length: number): { readonly size: number; readonly granted: Packet | undefined } {
  const options = new Map<string, string>()
  const size = Number(request.options.get('blksize'))
  if (size >= 8) options.set('blksize', String(Math.min(Math.floor(size), MAX_BLOCK)))
  const seconds = secondsOf(request)
  if (seconds !== undefined) options.set('timeout', String(seconds))
  // An empty file's is left out: curl takes 0 for an error.
  if (request.options.has('tsize') && length > 0) options.set('tsize', String(length))
  const granted = options.size > 0 ? ({ op: 'options', options } as const) : undefined
  return { size: Number(options.get('blksize') ?? BLOCK), granted }
}

function checked(packet: Packet): Packet {
  if (packet.op === 'error') throw new Error(`the peer has given up, with code ${packet.code}`)
  return packet
}

/** The block that is not full is the last one, and may be empty. Numbers begin again at 0 behind 65,535. */
async function send(peer: Peer, folder: Folder, request: Request): Promise<void> {
  const { file, length } = await folder.read(request.name)
  const { size, granted } = negotiate(request, length)
  const answers = peer.source[Symbol.asyncIterator]()
  const deliver = async (packet: Packet, block: number): Promise<void> => {
    peer.write(packet)
    for (;;) {
      const { value } = await answers.next()
      const answer = checked(value as Packet)
      // One that comes twice is not answered twice: all that follows would be sent twice (RFC 1123, 4.2.3.1).
      if (answer.op === 'ack' && answer.block === block) return
    }
  }
  try {
    if (granted) await deliver(granted, 0)
    for (let block = 1, sent = size; sent === size; block = (block + 1) & 0xffff) {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(size), 0, size)
      await deliver({ op: 'data', block, bytes: buffer.subarray(0, bytesRead) }, block)
      sent = bytesRead
    }
  } finally {
    await file.close()
  }
  await peer.close()
}

/** The last block is acknowledged when the file is there. */
async function receive(peer: Peer, folder: Folder, request: Request): Promise<void> {
  const announced = Number(request.options.get('tsize') ?? 0)
  if (announced > MAX_FILE) throw new TransferError(3, 'more than is taken')
  const upload = await folder.create(request.name)
  const { size, granted } = negotiate(request, announced)
  let block = 0
  let total = 0
  try {
    peer.write(granted ?? { op: 'ack', block })
    for await (const packet of peer) {
      if (checked(packet).op !== 'data') continue
      const { block: number, bytes } = packet as Extract<Packet, { readonly op: 'data' }>
      if (number !== ((block + 1) & 0xffff)) continue
      total += bytes.length
      if (total > MAX_FILE || bytes.length > size) throw new TransferError(3, 'more than is taken')
      await upload.file.write(bytes)
      block = number
      if (bytes.length < size) break
      peer.write({ op: 'ack', block })
    }
    await upload.keep()
  } finally {
    await upload.close()
  }
  peer.write({ op: 'ack', block, last: true })
}

export interface TftpOptions extends Address {
  /** The folder of the files. Default: the current one. */
  readonly root?: string
  /** Where the clock comes from. */
  readonly container?: DependencyContainer
}

/** Starts it. Requests come to its port, what follows to a socket of the transfer's own, connected to its peer. */
export async function startTftp(options: TftpOptions = {}): Promise<Running> {
  const { root = '.', container = createContainer(), ...address } = options
  const folder = new Folder(await realpath(root))
  const serve = handle<Packet, Packet>(async (client) => {
    const { value: request } = await client.source[Symbol.asyncIterator]().next()
    if (request?.op !== 'read' && request?.op !== 'write') return
    const { remoteAddress, localAddress, draining, signal } = client
    const to = { host: remoteAddress.address, port: remoteAddress.port, localAddress: localAddress.address, container }
    const timeout = (secondsOf(request) ?? 1) * 1000
    const peer = await connectUdp(to, pipeline(tftp(), retransmit({ timeout })))
    signal.addEventListener('abort', () => peer.abort(signal.reason))
    try {
      if (request.mode !== 'octet') throw new TransferError(0, 'only mode octet')
      await (request.op === 'read' ? send : receive)(peer, folder, request)
    } catch (error) {
      const known = error instanceof Refused ? CODES[error.why] : undefined
      const code = error instanceof TransferError ? error.code : known
      if (code === undefined) peer.abort(error)
      else peer.write({ op: 'error', code, text: (error as Error).message, last: true })
    }
    // It closes by itself, when nobody can be waiting for the last packet any more; draining need not wait for that.
    // Who asks again till then is answered by `retransmit`, as long as somebody reads.
    peer.data$.subscribe({ error: () => {} })
    draining.addEventListener('abort', () => void peer.close())
    if (draining.aborted) await peer.close()
    const { error } = await peer.closed
    if (error) throw error
  })
  return listenOn(address, createUdpServer(pipeline(tftp(), requested(), serve), { ...LIMITS, container }))
}

const hint = (port: number): string => `curl --silent tftp://127.0.0.1:${port}/package.json`
await runDirectly(import.meta.url, startTftp, { port: 10_069, hint })
