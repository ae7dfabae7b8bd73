import type { LookupFunction } from 'node:net'
import { InvalidOptionError } from '@millrace/core'
import { describe, expect, test } from 'vitest'
import { resolveHost } from '../src/resolve-host.ts'

const answering =
  (...answer: [Error | null, string, number?]): LookupFunction =>
  (_host, _options, callback) =>
    callback(answer[0], answer[1], answer[2])

const unused: LookupFunction = () => {
  throw new Error('an address is not looked up')
}

describe('resolveHost', () => {
  test('takes an address as it is, and knows the socket it needs', async () => {
    expect(await resolveHost('host', '127.0.0.1', { lookup: unused })).toEqual({ address: '127.0.0.1', type: 'udp4' })
    expect(await resolveHost('host', '::1', { lookup: unused })).toEqual({ address: '::1', type: 'udp6' })
  })

  test('refuses an address of the other family', async () => {
    await expect(resolveHost('host', '::1', { type: 'udp4' })).rejects.toThrow(InvalidOptionError)
    await expect(resolveHost('host', '127.0.0.1', { type: 'udp6' })).rejects.toThrow(InvalidOptionError)
  })

  test('looks a name up, in the family that was asked for', async () => {
    const families: unknown[] = []
    const lookup: LookupFunction = (_host, { family }, callback) => {
      families.push(family)
      callback(null, '::1', 6)
    }
    expect(await resolveHost('host', 'here.test', { lookup })).toEqual({ address: '::1', type: 'udp6' })
    await resolveHost('host', 'here.test', { lookup, type: 'udp6' })
    await resolveHost('host', 'here.test', { lookup, type: 'udp4' })
    expect(families).toEqual([0, 6, 4])
  })

  test('fails as the look-up does', async () => {
    const error = Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' })
    await expect(resolveHost('host', 'nowhere.test', { lookup: answering(error, '') })).rejects.toBe(error)
  })

  test('fails as the look-up of Node does, which gives nothing beside the error', async () => {
    // No name is as long as this: it is refused without a server that is asked.
    const host = `${'x'.repeat(300)}.invalid`
    await expect(resolveHost('host', host, {})).rejects.toMatchObject({ syscall: 'getaddrinfo', hostname: host })
  })

  test.each([[undefined], [[]]])('fails where a look-up of the caller says %j later on', async (found) => {
    const lookup: LookupFunction = (_host, _options, callback) => setImmediate(callback, null, found as never)
    await expect(resolveHost('host', 'nowhere.test', { lookup })).rejects.toThrow('no address for nowhere.test')
  })

  test('settles with the reason of a signal, before and during the look-up', async () => {
    const reason = new Error('changed my mind')
    await expect(resolveHost('host', '127.0.0.1', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const abort = new AbortController()
    const resolving = resolveHost('host', 'slow.test', { lookup: () => {}, signal: abort.signal })
    abort.abort(reason)
    await expect(resolving).rejects.toBe(reason)
  })
})
