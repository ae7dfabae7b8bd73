import { describe, expect, test } from 'vitest'
import { DrainTimeoutError } from '../src/index.ts'
import type { BuiltPipeline } from '../src/pipeline/built-pipeline.ts'
import { releaseWithin } from '../src/server/release-within.ts'
import { VirtualClock } from '../src/testing/index.ts'

const built = (release: () => Promise<void>): BuiltPipeline => ({ plugins: [], serves: true, retain() {}, release })

describe('releaseWithin', () => {
  test('waits for the plugins and leaves no timer', async () => {
    const clock = new VirtualClock()
    await releaseWithin(built(async () => {}), 1000, clock)
    expect(clock.pending).toBe(0)
  })

  test('passes on what they failed with', async () => {
    const failure = new AggregateError([new Error('stuck')])
    const clock = new VirtualClock()
    await expect(releaseWithin(built(() => Promise.reject(failure)), 1000, clock)).rejects.toBe(failure)
    expect(clock.pending).toBe(0)
  })

  test('gives up one that does not come to an end, and minds no failure that comes later', async () => {
    const clock = new VirtualClock()
    let fail!: (error: Error) => void
    const released = releaseWithin(built(() => new Promise((_, reject) => (fail = reject))), 1000, clock)
    clock.advance(1000)
    await expect(released).rejects.toThrow(DrainTimeoutError)
    fail(new Error('too late to matter'))
  })

  test('waits without end where there is no timeout', async () => {
    const clock = new VirtualClock()
    let done!: () => void
    const released = releaseWithin(built(() => new Promise((resolve) => (done = resolve))), 0, clock)
    expect(clock.pending).toBe(0)
    done()
    await released
  })
})
