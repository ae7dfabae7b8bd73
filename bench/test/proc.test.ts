import { describe, expect, test } from 'vitest'
import { cpuBetween, parseResident, parseSchedstat } from '../harness/proc.ts'

describe('schedstat', () => {
  test('its first number is the time on the CPU, in nanoseconds', () => {
    expect(parseSchedstat('889298 126587 2\n')).toBe(889_298)
  })

  test.each(['', '12 34\n', 'x 1 2\n', '-1 2 3\n'])('%j is none', (text) => {
    expect(() => parseSchedstat(text)).toThrow('no schedstat')
  })
})

describe('CPU time between two readings', () => {
  test('is that of all threads, in microseconds', () => {
    const before = new Map([['10', 1_000], ['11', 5_000]])
    const after = new Map([['10', 4_000], ['11', 7_000]])
    expect(cpuBetween(before, after)).toBe(5)
  })

  test('counts a thread that has come, and leaves out one that has gone', () => {
    const before = new Map([['10', 1_000], ['11', 9_000]])
    const after = new Map([['10', 2_000], ['12', 3_000]])
    expect(cpuBetween(before, after)).toBe(4)
  })
})

describe('resident memory', () => {
  test('is the VmRSS of a status, in bytes', () => {
    expect(parseResident('Name:\tnode\nVmHWM:\t  60000 kB\nVmRSS:\t  45320 kB\nThreads:\t11\n')).toBe(45_320 * 1024)
  })

  test('is in every status but a kernel thread’s', () => {
    expect(() => parseResident('Name:\tkthreadd\nThreads:\t1\n')).toThrow('no VmRSS')
  })
})
