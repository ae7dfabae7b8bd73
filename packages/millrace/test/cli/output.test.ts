import { Writable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { Output } from '../../src/cli/output.ts'

/** A stream that takes a chunk only when it is let. */
class Slow extends Writable {
  readonly taken: string[] = []
  #next: ((error?: Error) => void) | undefined

  constructor() {
    super({ highWaterMark: 4 })
  }

  override _write(chunk: Buffer, _encoding: string, next: (error?: Error) => void): void {
    this.taken.push(chunk.toString())
    this.#next = next
  }

  take(error?: Error): void {
    this.#next?.(error)
  }
}

function setUp(): { stream: Slow; output: Output; breaks: () => number } {
  const stream = new Slow()
  let count = 0
  return { stream, output: new Output(stream, () => count++), breaks: () => count }
}

/** Whether a promise has settled, once everything that is due has run. */
async function isSettled(promise: Promise<void>): Promise<boolean> {
  let settled = false
  void promise.then(() => (settled = true))
  await new Promise((resolve) => setImmediate(resolve))
  return settled
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const brokenPipe = (): Error => Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })

describe('Output', () => {
  test('takes the next chunk at once until the stream is behind, and then when it has caught up', async () => {
    const { stream, output } = setUp()
    expect(await isSettled(output.write(bytes('ab')))).toBe(true)
    const second = output.write(bytes('cdef'))
    expect(await isSettled(second)).toBe(false)
    stream.take()
    expect(await isSettled(second)).toBe(false)
    stream.take()
    expect(await isSettled(second)).toBe(true)
    expect(stream.taken).toEqual(['ab', 'cdef'])
  })

  test('is flushed when the stream has taken everything', async () => {
    const { stream, output } = setUp()
    await output.write(bytes('ab'))
    const flushed = output.flush()
    expect(await isSettled(flushed)).toBe(false)
    stream.take()
    await new Promise((resolve) => setImmediate(resolve))
    stream.take()
    expect(await isSettled(flushed)).toBe(true)
  })

  test('is broken without a failure when its reader has gone, and lets nobody wait', async () => {
    const { stream, output, breaks } = setUp()
    const waiting = output.write(bytes('abcdef'))
    stream.take(brokenPipe())
    expect(await isSettled(waiting)).toBe(true)
    expect([output.broken, output.failure, breaks()]).toEqual([true, undefined, 1])
    await output.write(bytes('more'))
    await output.flush()
    expect(stream.taken).toEqual(['abcdef'])
  })

  test('keeps any other failure, and says once that it is broken', async () => {
    const { stream, output, breaks } = setUp()
    const cause = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
    await output.write(bytes('a'))
    stream.take(cause)
    await output.flush()
    stream.emit('error', brokenPipe())
    expect(output.failure).toMatchObject({ message: 'cannot write to stdout: ENOSPC: no space left on device', cause })
    expect(breaks()).toBe(1)
  })
})
