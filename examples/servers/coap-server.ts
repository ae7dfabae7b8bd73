// CoAP resources that can be observed: deduplication, confirmable notifications that are sent again, discovery.
import { createUdpServer, type DependencyContainer, handle, IDLE, idle, pipeline } from 'millrace'
import type { MessageConnection } from 'millrace'
import { coap, type Incoming, type Packet, type ParsedPacket, reliable } from './shared/coap.ts'
import { type Address, listenOn, runDirectly, type Running } from './shared/running.ts'

/** The largest payload, in bytes: what is longer would have to come in blocks (RFC 7959), which are not taken. */
const MAX_PAYLOAD = 256
/** A head, a token of two bytes and a path of five. */
const LEAST_REQUEST = 12
const MAX_OBSERVATIONS = 16
/** In seconds: how long an observer may take what it has for current, and is kept while it says nothing. */
const MAX_AGE = 3600
/** In ms: for so long a client that observes nothing is kept while it is silent, since its request may come again. */
const QUIET = 20_000
/** A client has a session for each of its ports, and many take a new one for each request. */
const ROOM = { maxSessions: 4000, maxSessionsPerAddress: 1000 }
const TEXT = 0
const LINKS = 40

/** Something with a path and a content. Whoever observes it is told when that changes. */
interface Resource {
  readonly about: string
  readonly format: number
  readonly writable: boolean
  content: Buffer
  /** Counts the changes, for observers (RFC 7641, 4.4). */
  changes: number
  readonly observers: Set<() => void>
}

const resource = (about: string, content: string, { writable = false, format = TEXT } = {}): Resource =>
  ({ about, format, writable, content: Buffer.from(content), changes: 0, observers: new Set() })

/** A few resources by their paths, and the list of them (RFC 6690). */
export function millResources(): Map<string, Resource> {
  const resources = new Map([
    ['greeting', resource('a greeting', 'hello')],
    ['wheel', resource('what the wheel does', 'at rest', { writable: true })],
  ])
  const links = [...resources].map(([path, { about, format, writable }]) =>
    `</${path}>;title="${about}";ct=${format}${writable ? ';obs' : ''}`)
  return resources.set('.well-known/core', resource('what there is', links.join(), { format: LINKS }))
}

type Client = MessageConnection<Incoming, Packet>
/** An answer, as yet to no request. */
type Answer = Pick<Packet, 'code' | 'payload' | 'options'>

/** An unsigned integer in the fewest bytes, none for 0 (RFC 7252, 3.2). */
function uint(value: number): Buffer {
  const digits = value === 0 ? '' : value.toString(16)
  return Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex')
}

const valuesOf = ({ options }: ParsedPacket, name: string): Buffer[] =>
  options.filter((option) => option.name === name).map(({ value }) => value)

function numberOf(request: ParsedPacket, name: string): number | undefined {
  const [value] = valuesOf(request, name)
  return value?.reduce((sum, byte) => sum * 256 + byte, 0)
}

const UNDERSTOOD = ['Uri-Host', 'Uri-Port', 'Uri-Path', 'Uri-Query', 'Accept', 'Block2']
const NO_MATTER = ['ETag', 'Observe', 'Content-Format', 'Max-Age', 'Hop-Limit', 'Size1', 'Size2', 'No-Response']
const TAKEN = new Set<string | number>([...UNDERSTOOD, ...NO_MATTER])

/** Why a request is not served, as a code. An option that is unknown is refused if it is critical: of odd number. */
function refusal(request: ParsedPacket, found: Resource | undefined): string | undefined {
  if (request.options.some(({ name }) => !TAKEN.has(name) && !(Number(name) % 2 === 0))) return '4.02'
  // The first block of an answer is the whole one.
  if ((numberOf(request, 'Block2') ?? 0) >= 16) return '4.02'
  if (found === undefined) return '4.04'
  const isFormat = (name: string): boolean => (numberOf(request, name) ?? found.format) === found.format
  if (request.code === '0.01') return isFormat('Accept') ? undefined : '4.06'
  if (request.code !== '0.03' || !found.writable) return '4.05'
  if (request.payload.length > MAX_PAYLOAD) return '4.13'
  return isFormat('Content-Format') ? undefined : '4.15'
}

function contentOf({ content, format, changes }: Resource, isObserved: boolean): Answer {
  const observed = { Observe: uint(changes & 0xffffff), 'Max-Age': uint(MAX_AGE) }
  const options = Object.entries({ 'Content-Format': uint(format), ...(isObserved ? observed : {}) })
  return { code: '2.05', payload: content, options: options.map(([name, value]) => ({ name, value })) }
}

function put(into: Resource, content: Buffer): Answer {
  into.content = Buffer.from(content)
  into.changes++
  for (const notify of into.observers) notify()
  return { code: '2.04' }
}

/** Each client observes for itself, under the tokens of its requests. */
const serve = (resources: ReadonlyMap<string, Resource>): ((client: Client) => Promise<void>) => async (client) => {
  const observations = new Map<string, () => void>()
  function forget(token: Buffer): void {
    observations.get(token.toString('hex'))?.()
    observations.delete(token.toString('hex'))
  }
  function observe({ token }: ParsedPacket, observed: Resource): boolean {
    forget(token)
    if (observations.size >= MAX_OBSERVATIONS) return false
    const notify = (): void => void client.write({ ...contentOf(observed, true), token, confirmable: true })
    observed.observers.add(notify)
    observations.set(token.toString('hex'), () => observed.observers.delete(notify))
    return true
  }
  function answer(request: ParsedPacket): Answer {
    const found = resources.get(valuesOf(request, 'Uri-Path').join('/'))
    const code = refusal(request, found)
    if (code !== undefined || found === undefined) return { code: code ?? '4.04' }
    if (request.code === '0.03') return put(found, request.payload)
    const wish = numberOf(request, 'Observe')
    if (wish === 1) forget(request.token)
    return contentOf(found, wish === 0 && found.writable && observe(request, found))
  }
  client.attributes.get(IDLE)?.listen(() => observations.size === 0 && void client.close())
  try {
    for await (const message of client) {
      if ('lost' in message) {
        forget(message.lost)
        continue
      }
      const { token, confirmable, messageId } = message.request
      // In the acknowledgement, where there is one; any other message gets an id of its own.
      client.write({ ...answer(message.request), token, ...(confirmable ? { ack: true, messageId } : {}) })
    }
  } finally {
    for (const end of observations.values()) end()
  }
}

export interface CoapOptions extends Address {
  /** Where the clock comes from. */
  readonly container?: DependencyContainer
}

/** Starts it. */
export function startCoap({ container, ...address }: CoapOptions = {}): Promise<Running> {
  const silence = idle<ParsedPacket>({ read: QUIET, either: 0 })
  const served = pipeline(coap(), silence, reliable(), handle<Incoming, Packet>(serve(millResources())))
  // What an answer and a notification may need, before it is known that the peer is where it says.
  const maxReplyRatio = (2 * (MAX_PAYLOAD + 32)) / LEAST_REQUEST
  const limits = { ...ROOM, maxReplyRatio, sessionIdleTimeout: MAX_AGE * 1000 }
  return listenOn(address, createUdpServer(served, { container, ...limits }))
}

const hint = (port: number): string => `coap-client-notls coap://127.0.0.1:${port}/wheel`
await runDirectly(import.meta.url, startCoap, { port: 10_683, hint })
