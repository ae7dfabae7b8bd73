import { describe, expect, test } from 'vitest'
import { VirtualClock } from '@millrace/core/testing'
import type { Seat } from '../src/server/seat-list.ts'
import { type SessionLimits, SessionTable } from '../src/server/session-table.ts'

const LIMITS: SessionLimits = {
  maxSessions: 100,
  maxSessionsPerAddress: 10,
  maxNewSessionsPerSecond: Infinity,
  sessionIdleTimeout: 30_000,
}

function setUp(limits: Partial<SessionLimits> = {}) {
  const clock = new VirtualClock()
  const log: string[] = []
  const seats = new Map<string, Seat<string>>()
  const table = new SessionTable<string>({ ...LIMITS, ...limits }, clock, {
    onIdle: (session) => log.push(`idle ${session}`),
    onEvict: (session) => {
      log.push(`evict ${session}`)
      table.release(seats.get(session) as Seat<string>)
    },
  })
  const add = (session: string, key = 1, peer = seats.size + 1): Seat<string> => {
    const seat = table.add(key, peer, () => session)
    seats.set(session, seat)
    return seat
  }
  return { clock, log, table, add }
}

describe('SessionTable', () => {
  test('finds a session by the number of its peer', () => {
    const { table, add } = setUp()
    add('a', 1, 5)
    add('b', 2, 6)
    expect(table.find(5)?.session).toBe('a')
    expect(table.find(6)?.session).toBe('b')
    expect(table.find(7)).toBeUndefined()
    expect(table.find(0)).toBeUndefined()
  })

  test('forgets a released session, once', () => {
    const { table, add } = setUp()
    const seat = add('a', 1, 5)
    add('b', 1, 6)
    table.release(seat)
    table.release(seat)
    expect(table.find(5)).toBeUndefined()
    expect(table.find(6)?.session).toBe('b')
    expect(table.size).toBe(1)
  })

  test('does not forget the successor of a session that is released late', () => {
    const { clock, table, add } = setUp()
    const seat = add('a', 1, 5)
    clock.advance(40_000)
    add('b', 1, 5)
    table.release(seat)
    expect(table.find(5)?.session).toBe('b')
  })

  describe('idle timeout', () => {
    test('ends a session on time, at most a twentieth late', () => {
      const { clock, log, add } = setUp()
      add('a')
      clock.advance(30_000)
      expect(log).toEqual([])
      clock.advance(1_500)
      expect(log).toEqual(['idle a'])
    })

    test('counts from the last traffic', () => {
      const { clock, log, table, add } = setUp()
      const seat = add('a')
      add('b')
      for (let i = 0; i < 10; i++) {
        clock.advance(10_000)
        table.touch(seat)
      }
      expect(log).toEqual(['idle b', 'evict b'])
      clock.advance(29_900)
      expect(log).toEqual(['idle b', 'evict b'])
      clock.advance(1_700)
      expect(log).toEqual(['idle b', 'evict b', 'idle a'])
    })

    test('leaves the peer free to begin another session', () => {
      const { clock, table, add } = setUp()
      add('a', 1, 5)
      clock.advance(31_500)
      expect(table.find(5)).toBeUndefined()
      expect(table.size).toBe(1)
    })

    test('evicts a session that is still there a whole timeout after its end', () => {
      const { clock, log, table, add } = setUp()
      add('a')
      clock.advance(59_000)
      expect(log).toEqual(['idle a'])
      clock.advance(4_000)
      expect(log).toEqual(['idle a', 'evict a'])
      expect(table.size).toBe(0)
    })

    test('ends every session of a full table, some of which go meanwhile', () => {
      const clock = new VirtualClock()
      const ended: number[] = []
      const seats: Seat<number>[] = []
      const table = new SessionTable<number>(LIMITS, clock, {
        onIdle: (session) => {
          ended.push(session)
          for (const seat of seats.slice(session, session + 2)) table.release(seat)
        },
        onEvict: () => {},
      })
      for (let i = 0; i < 9; i++) seats.push(table.add(i, i + 1, () => i))
      clock.advance(31_500)
      expect(ended).toEqual([0, 2, 4, 6, 8])
      expect(table.size).toBe(0)
    })

    test('never ends a session where it is 0', () => {
      const { clock, log, add } = setUp({ sessionIdleTimeout: 0 })
      add('a')
      clock.advance(10 ** 9)
      expect(log).toEqual([])
    })

    test('keeps no timer without a session', () => {
      const { clock, table, add } = setUp()
      expect(clock.pending).toBe(0)
      const seat = add('a')
      add('b')
      expect(clock.pending).toBe(1)
      table.release(seat)
      expect(clock.pending).toBe(1)
      clock.advance(70_000)
      expect(clock.pending).toBe(0)
    })
  })

  describe('bounds', () => {
    test('refuses sessions beyond maxSessionsPerAddress, of that address alone', () => {
      const { table, add } = setUp({ maxSessionsPerAddress: 2 })
      const seat = add('a')
      add('b')
      expect(table.refuse(1)).toBe('maxSessionsPerAddress')
      expect(table.refuse(2)).toBeUndefined()
      table.release(seat)
      expect(table.refuse(1)).toBeUndefined()
    })

    test('counts sessions that have ended and are not gone', () => {
      const { clock, table, add } = setUp({ maxSessionsPerAddress: 1 })
      const seat = add('a')
      clock.advance(31_500)
      expect(table.refuse(1)).toBe('maxSessionsPerAddress')
      table.release(seat)
      expect(table.refuse(1)).toBeUndefined()
    })

    test('refuses sessions beyond maxSessions while none is idle for half the timeout', () => {
      const { clock, table, add } = setUp({ maxSessions: 2 })
      add('a', 1)
      add('b', 2)
      clock.advance(14_000)
      expect(table.refuse(3)).toBe('maxSessions')
      expect(table.size).toBe(2)
    })

    test('makes room by the session that was idle the longest, beyond half the timeout', () => {
      const { clock, log, table, add } = setUp({ maxSessions: 2 })
      const a = add('a', 1)
      add('b', 2)
      clock.advance(10_000)
      table.touch(a)
      clock.advance(8_000)
      expect(table.refuse(3)).toBeUndefined()
      expect(log).toEqual(['evict b'])
      add('c', 3)
      expect(table.refuse(4)).toBe('maxSessions')
    })

    test('refuses sessions beyond maxNewSessionsPerSecond until time has passed', () => {
      const { clock, table } = setUp({ maxNewSessionsPerSecond: 2 })
      const outcomes = [table.refuse(1), table.refuse(2), table.refuse(3)]
      expect(outcomes).toEqual([undefined, undefined, 'maxNewSessionsPerSecond'])
      clock.advance(500)
      expect(table.refuse(4)).toBeUndefined()
    })

    test('evicts nobody for a session that another bound refuses', () => {
      const limits = { maxSessions: 1, maxNewSessionsPerSecond: 1, sessionIdleTimeout: 1_000 }
      const { clock, log, table, add } = setUp(limits)
      table.refuse(1)
      add('a', 1)
      clock.advance(600)
      expect(table.refuse(2)).toBe('maxNewSessionsPerSecond')
      expect(log).toEqual([])
      clock.advance(400)
      expect(table.refuse(2)).toBeUndefined()
      expect(log).toEqual(['evict a'])
    })
  })
})
