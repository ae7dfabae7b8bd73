import { getEventListeners } from 'node:events'
import { ConnectError, InvalidPipelineError } from '@millrace/core'
import { VirtualClock } from '@millrace/core/testing'
import { describe, expect, test, vi } from 'vitest'
import { Succession } from '../src/client/succession.ts'

const backOff = { initialDelay: 100, maxDelay: 1_000, maxAttempts: 3, resetAfter: 0, random: () => 1 }

function fakeConnection() {
  return { closed: new Promise<void>(() => {}), abort: vi.fn<(reason?: unknown) => void>() }
}

type Fake = ReturnType<typeof fakeConnection>

describe('Succession', () => {
  test('aborts a connection that came about while it was being stopped', async () => {
    const connection = fakeConnection()
    const reason = new Error('enough')
    const clock = new VirtualClock()
    const succession: Succession<Fake> = new Succession({
      connect: () => {
        const connected = Promise.resolve(connection)
        succession.stop(reason)
        return connected
      },
      clock,
      backOff,
      signal: undefined,
    })
    await expect(succession.next()).rejects.toBe(reason)
    expect(connection.abort.mock.calls).toEqual([[reason]])
  })

  test('takes its listener off the signal when it ends, however it ends', async () => {
    const { signal } = new AbortController()
    const clock = new VirtualClock()
    const stopped = new Succession<Fake>({ connect: async () => fakeConnection(), clock, backOff, signal })
    await stopped.next()
    expect(getEventListeners(signal, 'abort')).toHaveLength(1)
    stopped.stop(new Error('enough'))
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)

    const connect = () => Promise.reject(new ConnectError('nowhere'))
    const once = { ...backOff, maxAttempts: 1 }
    const failed = new Succession<Fake>({ connect, clock, backOff: once, signal })
    await expect(failed.next()).rejects.toBeInstanceOf(ConnectError)
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })

  test('tries again after a failure to connect, and after no other', async () => {
    const connect = vi.fn<() => Promise<Fake>>().mockRejectedValue(new InvalidPipelineError('never mind'))
    const succession = new Succession({ connect, clock: new VirtualClock(), backOff, signal: undefined })
    await expect(succession.next()).rejects.toBeInstanceOf(InvalidPipelineError)
    expect(connect).toHaveBeenCalledTimes(1)
  })
})
