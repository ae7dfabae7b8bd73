import { describe, expect, test } from 'vitest'
import { addressKey, peerAddress, unmapped } from '../src/address-key.ts'

describe('addressKey', () => {
  test('is the 32 bits of an IPv4 address', () => {
    expect(addressKey('0.0.1.2')).toBe(258)
    expect(addressKey('127.0.0.1')).toBe(0x7f000001)
    expect(addressKey('255.255.255.255')).toBe(-1)
  })

  test('tells every IPv4 address from every other', () => {
    const addresses = ['1.2.3.4', '1.2.34.0', '12.3.4.0', '4.3.2.1', '128.0.0.0', '0.0.0.128']
    expect(new Set(addresses.map(addressKey)).size).toBe(addresses.length)
  })

  test('is the text of an IPv6 address, its scope included', () => {
    expect(addressKey('::1')).toBe('::1')
    expect(addressKey('2001:db8::7')).toBe('2001:db8::7')
    expect(addressKey('fe80::1%eth0')).toBe('fe80::1%eth0')
  })

  test('is the same for an IPv4 peer of an IPv6 socket', () => {
    expect(addressKey('::ffff:192.0.2.1')).toBe(addressKey('192.0.2.1'))
    expect(addressKey('::ffff:1')).toBe('::ffff:1')
  })
})

describe('peerAddress', () => {
  test('names an IPv4 peer of an IPv6 socket by its IPv4 address', () => {
    expect(peerAddress('::ffff:192.0.2.1', 53)).toEqual({ address: '192.0.2.1', port: 53, family: 'IPv4' })
    expect(peerAddress('192.0.2.1', 53)).toEqual({ address: '192.0.2.1', port: 53, family: 'IPv4' })
    expect(peerAddress('::1', 53)).toEqual({ address: '::1', port: 53, family: 'IPv6' })
  })
})

describe('unmapped', () => {
  test('leaves other addresses as they are', () => {
    expect(unmapped('::ffff:abcd')).toBe('::ffff:abcd')
    expect(unmapped('10.0.0.1')).toBe('10.0.0.1')
  })
})
