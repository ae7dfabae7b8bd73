import { describe, expect, test } from 'vitest'
import { PeerNumbers } from '../src/drivers/peer-numbers.ts'

const A = { address: '127.0.0.1', port: 5 }
const B = { address: '127.0.0.1', port: 6 }
const C = { address: 'fe80::1%eth0', port: 5 }

describe('PeerNumbers', () => {
  test('gives each peer a number of its own, none of them 0', () => {
    const numbers = new PeerNumbers()
    const given = [A, B, C].map((peer) => numbers.keep(peer))
    expect(new Set([0, ...given]).size).toBe(4)
    expect([A, B, C].map(({ address, port }) => numbers.find(address, port))).toEqual(given)
    expect(given.map((number) => numbers.at(number))).toMatchObject([A, B, C])
    expect(numbers.find('127.0.0.2', 5)).toBe(0)
  })

  test('keeps a number until it is forgotten as often as it was kept', () => {
    const numbers = new PeerNumbers()
    const number = numbers.keep(A)
    expect(numbers.keep(A)).toBe(number)
    numbers.forget(number)
    expect(numbers.find(A.address, A.port)).toBe(number)
    numbers.forget(number)
    numbers.forget(number)
    expect(numbers.find(A.address, A.port)).toBe(0)
    expect(numbers.at(number)).toBeUndefined()
  })

  test('gives a number that is free again to the next peer, once', () => {
    const numbers = new PeerNumbers()
    const number = numbers.keep(A)
    numbers.forget(number)
    expect(numbers.keep(B)).toBe(number)
    expect(numbers.keep(C)).not.toBe(number)
  })
})
