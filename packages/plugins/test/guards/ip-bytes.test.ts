import fc from 'fast-check'
import { isIP } from 'node:net'
import { describe, expect, test } from 'vitest'
import { bytesToIp, ipToBytes, isMapped, unmapped } from '../../src/guards/ip-bytes.ts'

describe('ipToBytes and bytesToIp', () => {
  test.each([
    ['0.0.0.0', '00000000'],
    ['192.0.2.255', 'c00002ff'],
    ['::', '00000000000000000000000000000000'],
    ['::1', '00000000000000000000000000000001'],
    ['2001:db8::8:800:200c:417a', '20010db80000000000080800200c417a'],
    ['fe80::1', 'fe800000000000000000000000000001'],
    ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
  ])('%s', (text, hex) => {
    expect(Buffer.from(ipToBytes(text) ?? []).toString('hex')).toBe(hex)
    expect(bytesToIp(Buffer.from(hex, 'hex'))).toBe(text)
  })

  test.each(['', '1.2.3', '1.2.3.4.5', '256.0.0.1', '::1::', 'localhost', '1:2', ' ::1'])('%o is no address', (text) => {
    expect(ipToBytes(text)).toBeUndefined()
  })

  test('a zone does not count, and an embedded IPv4 address does', () => {
    expect(ipToBytes('fe80::1%eth0')).toEqual(ipToBytes('fe80::1'))
    expect(ipToBytes('64:ff9b::192.0.2.1')).toEqual(ipToBytes('64:ff9b::c000:201'))
  })

  test('any sixteen bytes come back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        fc.pre(!isMapped(bytes))
        expect(isIP(bytesToIp(bytes))).toBe(6)
        expect(ipToBytes(bytesToIp(bytes))).toEqual(bytes)
      }),
      { seed: 1 },
    )
  })
})

test.each([
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::FFFF:c000:0201', '192.0.2.1'],
  ['::192.0.2.1', '::192.0.2.1'],
  ['192.0.2.1', '192.0.2.1'],
  ['/tmp/a:b', '/tmp/a:b'],
])('unmapped(%s) is %s', (address, plain) => {
  expect(unmapped(address)).toBe(plain)
})
