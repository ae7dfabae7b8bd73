import type { networkInterfaces } from 'node:os'
import { describe, expect, test } from 'vitest'
import { VirtualClock } from '@millrace/core/testing'
import { SourceGuard } from '../src/server/source-guard.ts'

type Interfaces = ReturnType<typeof networkInterfaces>

const entry = (address: string, netmask: string, family: 'IPv4' | 'IPv6') => {
  const common = { address, netmask, mac: '00:00:00:00:00:00', internal: false, cidr: null }
  return family === 'IPv4' ? { ...common, family } : { ...common, family, scopeid: 0 }
}

const INTERFACES: Interfaces = {
  lo: [entry('127.0.0.1', '255.0.0.0', 'IPv4'), entry('::1', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'IPv6')],
  eth0: [entry('192.0.2.7', '255.255.255.0', 'IPv4'), entry('fe80::7', 'ffff:ffff:ffff:ffff::', 'IPv6')],
  point: [entry('198.51.100.1', '255.255.255.254', 'IPv4')],
}

const guardAt = (address: string, clock = new VirtualClock(), interfaces = () => INTERFACES) =>
  new SourceGuard({ address, port: 10_000, family: address.includes(':') ? 'IPv6' : 'IPv4' }, clock, interfaces)

describe('SourceGuard', () => {
  test('refuses source port 0', () => {
    expect(guardAt('127.0.0.1').refuse('127.0.0.2', 0)).toBe('source-port-0')
  })

  test('refuses its own address and port, and neither of them alone', () => {
    const guard = guardAt('127.0.0.1')
    expect(guard.refuse('127.0.0.1', 10_000)).toBe('own-address')
    expect(guard.refuse('127.0.0.1', 10_001)).toBeUndefined()
    expect(guard.refuse('127.0.0.2', 10_000)).toBeUndefined()
  })

  test.each(['127.0.0.1', '127.9.9.9', '192.0.2.7', '::1', '::ffff:192.0.2.7', 'fe80::7%eth0'])(
    'bound to a wildcard address, refuses %s with its own port',
    (address) => {
      expect(guardAt('::').refuse(address, 10_000)).toBe('own-address')
      expect(guardAt('0.0.0.0').refuse(address, 10_000)).toBe('own-address')
      expect(guardAt('::').refuse(address, 10_001)).toBeUndefined()
    },
  )

  test('bound to a wildcard address, answers another host that uses the same port', () => {
    expect(guardAt('0.0.0.0').refuse('192.0.2.8', 10_000)).toBeUndefined()
    expect(guardAt('::').refuse('2001:db8::8', 10_000)).toBeUndefined()
  })

  const many = ['224.0.0.1', '239.255.255.255', 'ff02::1', 'ff05::1:3', '255.255.255.255', '192.0.2.255']
  test.each([...many, '127.255.255.255'])(
    'refuses %s, which is many',
    (address) => {
      expect(guardAt('192.0.2.7').refuse(address, 5_000)).toBe('unicast-only')
    },
  )

  test.each(['0.0.0.0', '0.1.2.3', '::'])('refuses %s, which is nobody', (address) => {
    expect(guardAt('127.0.0.1').refuse(address, 5_000)).toBe('unicast-only')
  })

  const single = ['223.255.255.255', '192.0.2.254', '198.51.100.1', '240.0.0.1', 'fe80::1', 'ff::1']
  test.each(single)('answers %s', (address) => {
    expect(guardAt('192.0.2.7').refuse(address, 5_000)).toBeUndefined()
  })

  test('learns of a new interface within seconds', () => {
    const clock = new VirtualClock()
    let interfaces: Interfaces = {}
    const guard = guardAt('0.0.0.0', clock, () => interfaces)
    expect(guard.refuse('192.0.2.7', 10_000)).toBeUndefined()
    interfaces = INTERFACES
    clock.advance(6_000)
    expect(guard.refuse('192.0.2.7', 10_000)).toBe('own-address')
  })

  test('goes by what it has known since it was made while the system does not tell', () => {
    const clock = new VirtualClock()
    let fails = false
    const guard = guardAt('0.0.0.0', clock, () => {
      if (fails) throw new Error('no descriptor is left')
      return INTERFACES
    })
    fails = true
    clock.advance(6_000)
    expect(guard.refuse('192.0.2.7', 10_000)).toBe('own-address')
    expect(guard.refuse('192.0.2.255', 5_000)).toBe('unicast-only')
    expect(guard.refuse('192.0.2.8', 5_000)).toBeUndefined()
  })

  test('answers peers where the system has never told', () => {
    const guard = guardAt('127.0.0.1', new VirtualClock(), () => {
      throw new Error('no descriptor is left')
    })
    expect(guard.refuse('127.0.0.1', 10_000)).toBe('own-address')
    expect(guard.refuse('192.0.2.8', 5_000)).toBeUndefined()
  })
})
