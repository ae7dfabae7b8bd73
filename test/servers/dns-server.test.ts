import dns, { type Packet } from 'dns-packet'
import { describe, expect, test } from 'vitest'
import fc from 'fast-check'
import { connectTcp, lengthPrefixed, pipeline } from 'millrace'
import { answerTo, startDns, ZONE } from '../../examples/servers/dns-server.ts'

const NO_FLAGS = { flags: 0, flag_do: false, options: [] }
const OPT = { type: 'OPT' as const, name: '.', udpPayloadSize: 4096, extendedRcode: 0, ednsVersion: 0, ...NO_FLAGS }
const query = (name: string, type = 'A', more: Packet = {}): Buffer =>
  dns.encode({ type: 'query', id: 7, flags: dns.RECURSION_DESIRED, questions: [{ name, type: type as 'A' }], ...more })
const ask = (message: Uint8Array, most: 'datagram' | 'stream' = 'datagram') => {
  const answer = answerTo(ZONE, message, most)
  return answer && (dns.decode(answer) as ReturnType<typeof dns.decode> & { readonly rcode: string })
}

describe('the DNS server', () => {
  test('answers with what it has, in the letters that it was asked in, and follows an alias', () => {
    const answer = ask(query('wWw.mIll.test'))
    expect(answer).toMatchObject({ id: 7, type: 'response', rcode: 'NOERROR', flag_aa: true, flag_rd: true, flag_ra: false })
    expect(answer?.questions?.[0]?.name).toBe('wWw.mIll.test')
    expect(answer?.answers).toMatchObject([{ type: 'CNAME' }, { type: 'A', data: '192.0.2.1' }])
  })

  test.each([
    ['a name that is not there', 'no.mill.test', 'A', 'NXDOMAIN', true],
    ['a type that a name does not have', 'ns.mill.test', 'AAAA', 'NOERROR', true],
    ['a name that only others lie below', '_tcp.mill.test', 'A', 'NOERROR', true],
    ['another zone', 'example.org', 'A', 'REFUSED', false],
    ['a zone whose name only ends alike', 'treadmill.test', 'A', 'REFUSED', false],
    ['the whole zone', 'mill.test', 'AXFR', 'REFUSED', false],
  ])('answers for %s', (_what, name, type, rcode, isNegative) => {
    const answer = ask(query(name, type))
    expect(answer).toMatchObject({ rcode, answers: [] })
    expect(answer?.authorities?.map(({ type: of }) => of)).toEqual(isNegative ? ['SOA'] : [])
  })

  test('cuts what is too long for a datagram, as the client allows and no further than 1232', () => {
    const records = (name: string, more?: Packet, most?: 'stream'): unknown[] => {
      const { flag_tc, answers } = ask(query(name, 'TXT', more), most) ?? {}
      return [flag_tc, answers?.length]
    }
    expect(records('long.mill.test')).toEqual([true, 0])
    expect(records('long.mill.test', { additionals: [OPT] })).toEqual([false, 1])
    expect(records('long.mill.test', { additionals: [{ ...OPT, udpPayloadSize: 600 }] })).toEqual([true, 0])
    expect(records('longer.mill.test', { additionals: [OPT] })).toEqual([true, 0])
    expect(records('longer.mill.test', {}, 'stream')).toEqual([false, 1])
  })

  test('pads to blocks for who pads, on a stream alone', () => {
    const padded = (name: string, most: 'datagram' | 'stream'): (number | undefined)[] => {
      const options = [{ code: 12 as const, length: 7 }]
      const answer = answerTo(ZONE, query(name, 'TXT', { additionals: [{ ...OPT, options }] }), most)
      return [answer?.length, answer && dns.decode(answer).answers?.length]
    }
    expect(padded('longer.mill.test', 'stream')).toEqual([9 * 468, 1])
    expect(padded('long.mill.test', 'stream')).toEqual([2 * 468, 1])
    expect((padded('long.mill.test', 'datagram')[0] as number) % 468).not.toBe(0)
    for (let length = 1; length < 60; length++) {
      const [bytes = 1] = padded(`${'x'.repeat(length)}.mill.test`, 'stream')
      expect(bytes).toBe(468)
    }
    const plain = answerTo(ZONE, query('longer.mill.test', 'TXT', { additionals: [OPT] }), 'stream')
    expect((plain as Buffer).length % 468).not.toBe(0)
  })

  test('answers what is malformed, or not asked this way, by what is wrong with it', () => {
    const good = query('mill.test')
    expect(ask(good.subarray(0, good.length - 1))).toMatchObject({ id: 7, rcode: 'FORMERR', questions: [] })
    expect(ask(query('mill.test', 'A', { questions: [] }))).toMatchObject({ rcode: 'FORMERR' })
    expect(ask(query('mill.test', 'A', { additionals: [OPT, OPT] }))).toMatchObject({ rcode: 'FORMERR' })
    expect(ask(query('mill.test', 'A', { flags: 5 << 11 }))).toMatchObject({ rcode: 'NOTIMP', opcode: 'UPDATE' })
    const badVersion = ask(query('mill.test', 'A', { additionals: [{ ...OPT, ednsVersion: 1 }] }))
    expect(badVersion?.additionals).toMatchObject([{ extendedRcode: 1, ednsVersion: 0 }])
    expect(ask(good.subarray(0, 11))).toBeUndefined()
    expect(ask(query('mill.test', 'A', { type: 'response' }))).toBeUndefined()
  })

  test('never throws, and answers with a message that can be read, whatever comes', () => {
    const bytes = fc.uint8Array({ maxLength: 64 })
    const spoilt = fc.tuple(fc.nat(), fc.nat(255)).map(([at, value]) => {
      const message = query('wheel.mill.test', 'ANY', { additionals: [OPT] })
      message[at % message.length] = value
      return message
    })
    const isHarmless = (message: Uint8Array): void => void ask(message)
    fc.assert(fc.property(fc.oneof(bytes, spoilt), isHarmless), { seed: 1, numRuns: 5_000 })
  })

  test('has the answers of one TCP connection in the order of its questions, after its half-close', async () => {
    await using server = await startDns()
    const client = await connectTcp({ port: server.port }, pipeline(lengthPrefixed({ bytes: 2 })))
    for (const id of [1, 2, 3]) client.write(query('longer.mill.test', 'TXT', { id }))
    await client.closeWrite()
    const ids: (number | undefined)[] = []
    for await (const frame of client) ids.push(dns.decode(Buffer.from(frame)).id)
    expect(ids).toEqual([1, 2, 3])
  })
})
