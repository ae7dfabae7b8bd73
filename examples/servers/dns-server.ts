// An authoritative DNS server for one small zone, over UDP, TCP and TLS: truncation, negative answers, EDNS0.
import dns, { type Answer, type Packet, type Question } from 'dns-packet'
import { lengthPrefixed, pipeline, respond, serve } from 'millrace'
import { runDirectly, type Running, runningOf, type SecureAddress } from './shared/running.ts'

/** In strings of 200 bytes: none may be longer than 255. */
const text = (bytes: number): string[] => Array.from({ length: bytes / 200 }, () => 'mill '.repeat(40))

const TIMES = { refresh: 3600, retry: 600, expire: 604_800, minimum: 60 }
const SOA = { mname: 'ns.mill.test', rname: 'hostmaster.mill.test', serial: 1, ...TIMES }

/** The first record is the SOA of the zone's own name. Names are in lower case. */
export const ZONE: readonly Answer[] = [
  { name: 'mill.test', type: 'SOA', ttl: 3600, data: SOA },
  { name: 'mill.test', type: 'NS', ttl: 3600, data: 'ns.mill.test' },
  { name: 'mill.test', type: 'MX', ttl: 300, data: { preference: 10, exchange: 'wheel.mill.test' } },
  { name: 'ns.mill.test', type: 'A', ttl: 300, data: '192.0.2.53' },
  { name: 'wheel.mill.test', type: 'A', ttl: 300, data: '192.0.2.1' },
  { name: 'wheel.mill.test', type: 'AAAA', ttl: 300, data: '2001:db8::1' },
  { name: 'www.mill.test', type: 'CNAME', ttl: 300, data: 'wheel.mill.test' },
  { name: '_grind._tcp.mill.test', type: 'SRV', ttl: 300, data: { port: 10_000, target: 'wheel.mill.test' } },
  { name: 'long.mill.test', type: 'TXT', ttl: 300, data: text(800) },
  { name: 'longer.mill.test', type: 'TXT', ttl: 300, data: text(4000) },
]

/** RFC 1035, 4.1.1, and RFC 6891, 9: the low bits of the flags, and BADVERS, whose high bits are in the OPT record. */
const CODE = { ok: 0, malformed: 1, noName: 3, notImplemented: 4, refused: 5, badVersion: 16 } as const
const HEADER_BYTES = 12
const PLAIN_BYTES = 512
const MOST_BYTES = 65_535
/** What passes nearly every network in one piece (DNS Flag Day 2020). */
const EDNS_BYTES = 1232
/** The smallest question that asks for EDNS_BYTES: a header, the root's name, type and class, and an OPT record. */
const LEAST_EDNS_QUERY = HEADER_BYTES + 5 + 11

/** Over TLS the length of an answer is not to tell what was asked, so it comes in blocks (RFC 8467, 4.1). */
const BLOCK_BYTES = 468
/** The code of the option of RFC 7830, and what stands before its bytes. */
const PADDING = { code: 12, head: 4 } as const

type OptRecord = Extract<Answer, { type: 'OPT' }>
type Found = Pick<Packet, 'answers' | 'authorities'> & { readonly code: number }

/** Follows the CNAMEs of the zone; a name that only others lie below has no records, but is there (RFC 8020). */
function look(zone: readonly Answer[], { name, type }: { readonly name: string; readonly type: string }): Found {
  const [soa] = zone as readonly [Extract<Answer, { type: 'SOA' }>]
  let owner = name.toLowerCase()
  const isInZone = owner === soa.name || owner.endsWith(`.${soa.name}`)
  if (!isInZone || type === 'AXFR' || type === 'IXFR') return { code: CODE.refused }
  const answers: Answer[] = []
  for (let hops = 0; hops < 8; hops++) {
    const records = zone.filter((record) => record.name === owner)
    // Not all that there is, which would serve amplifiers more than anybody else (RFC 8482, 4.1).
    const found = type === 'ANY' ? records.slice(0, 1) : records.filter((record) => record.type === type)
    const alias = records.find((record) => record.type === 'CNAME')
    answers.push(...(found.length === 0 && alias ? [alias] : found))
    if (found.length > 0) return { code: CODE.ok, answers }
    if (alias === undefined) break
    owner = (alias as { data: string }).data
  }
  const negative = { ...soa, ttl: Math.min(soa.ttl ?? 0, soa.data.minimum ?? 0) }
  const exists = zone.some((record) => record.name === owner || record.name.endsWith(`.${owner}`))
  return { code: exists ? CODE.ok : CODE.noName, answers, authorities: [negative] }
}

/** No client takes an answer without its question: what the library cannot write as it was is taken for malformed. */
function readQuery(query: Buffer): { readonly question: Question; readonly opt: OptRecord | undefined } | undefined {
  const [questions, answers, authorities, additionals] = [4, 6, 8, 10].map((at) => query.readUInt16BE(at))
  // Before the library sets memory aside for as many as are said to come.
  if (questions !== 1 || answers !== 0 || authorities !== 0 || (additionals as number) > 4) return undefined
  try {
    const packet = dns.decode(query)
    const [question] = packet.questions as [Question]
    const opts = (packet.additionals ?? []).filter((record): record is OptRecord => record.type === 'OPT')
    const written = dns.encode({ questions: [question] }).subarray(HEADER_BYTES)
    const same = written.equals(query.subarray(HEADER_BYTES, HEADER_BYTES + written.length))
    return same && opts.length < 2 ? { question, opt: opts[0] } : undefined
  } catch {
    return undefined
  }
}

/**
 * The answer to one message, which may be anything. Nothing is answered to what has no whole header or is an answer
 * itself: two servers would go on answering each other.
 *
 * @param by - an answer longer than this and the client allow is sent without records and with the TC bit, at which
 * the client asks again by TCP (RFC 7766).
 */
export function answerTo(zone: readonly Answer[], message: Uint8Array, by: 'datagram' | 'stream'): Buffer | undefined {
  const query = Buffer.from(message.buffer, message.byteOffset, message.byteLength)
  if (query.length < HEADER_BYTES || (query.readUInt16BE(2) & 0x8000) !== 0) return undefined
  const [id, flags] = [query.readUInt16BE(0), query.readUInt16BE(2)]
  const kept = flags & (0x7800 | dns.RECURSION_DESIRED)
  const head = { type: 'response', id } as const
  if ((flags & 0x7800) !== 0) return dns.encode({ ...head, flags: kept | CODE.notImplemented })
  const read = readQuery(query)
  if (read === undefined) return dns.encode({ ...head, flags: kept | CODE.malformed })

  const { question, opt } = read
  const isServed = question.class === 'IN' || question.class === 'ANY'
  const found = isServed ? look(zone, question) : { code: CODE.refused }
  const { code, ...sections } = opt && opt.ednsVersion > 0 ? { code: CODE.badVersion } : found
  const authority = code === CODE.ok || code === CODE.noName ? dns.AUTHORITATIVE_ANSWER : 0
  const ownOpt = {
    type: 'OPT',
    name: '.',
    udpPayloadSize: EDNS_BYTES,
    extendedRcode: code >> 4,
    ednsVersion: 0,
    flags: (opt?.flags ?? 0) & dns.DNSSEC_OK,
    flag_do: false,
    options: [],
  } as const satisfies OptRecord
  const flagged = kept | authority | (code & 15)
  const whole = { ...head, flags: flagged, questions: [question], additionals: opt ? [ownOpt] : [] }
  const answer = dns.encode({ ...whole, ...sections })
  const pads = by === 'stream' && opt?.options.some((option) => option.code === PADDING.code)
  if (pads && answer.length < MOST_BYTES - BLOCK_BYTES) {
    const length = BLOCK_BYTES - 1 - ((answer.length + PADDING.head - 1) % BLOCK_BYTES)
    const options = [{ code: PADDING.code, length }]
    return dns.encode({ ...whole, ...sections, additionals: [{ ...ownOpt, options }] })
  }
  const allowed = opt ? Math.min(Math.max(opt.udpPayloadSize, PLAIN_BYTES), EDNS_BYTES) : PLAIN_BYTES
  if (answer.length <= (by === 'stream' ? MOST_BYTES : allowed)) return answer
  return dns.encode({ ...whole, flags: whole.flags | dns.TRUNCATED_RESPONSE })
}

/** Clients keep a connection for further questions (RFC 7766, 6.2.1; RFC 7858, 3.4), and not for nothing. */
const STREAM = { idleTimeout: 10_000 }
/** No answer is longer than this, so that none is dropped for it. */
const DATAGRAMS = { stateless: true, maxReplyRatio: EDNS_BYTES / LEAST_EDNS_QUERY }

/** Starts it on UDP and TCP, and on TLS (RFC 7858), which differs from TCP in nothing else. */
export async function startDns(address: SecureAddress = {}, zone: readonly Answer[] = ZONE): Promise<Running> {
  const { host, port, tls } = address
  const onStreams = pipeline(lengthPrefixed({ bytes: 2 }), respond((frame) => answerTo(zone, frame, 'stream')))
  const inDatagrams = pipeline(respond((datagram: Uint8Array) => answerTo(zone, datagram, 'datagram')))
  const serving = await serve(onStreams, {
    tcp: { host, port, ...STREAM },
    tls: tls && { host, ...STREAM, ...tls },
    udp: { host, pipeline: inDatagrams, ...DATAGRAMS },
  })
  return runningOf(serving)
}

const hint = (port: number): string => `dig @127.0.0.1 -p ${port} www.mill.test`
const tlsHint = (port: number): string => `kdig @127.0.0.1 -p ${port} +tls www.mill.test`
await runDirectly(import.meta.url, startDns, { port: 10_053, hint, tlsHint })
