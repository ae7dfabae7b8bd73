import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  asFrame,
  definePlugin,
  type Emit,
  type Frame,
  FrameTooLongError,
  InvalidOptionError,
  type Stage,
  UnexpectedEndError,
} from '../src/index.ts'
import { type CodecOptions, describeCodec, type MadeCodec } from '../src/testing/index.ts'

const LIMIT = 16
type Decoder = Required<Omit<Stage<Uint8Array, Frame>, 'borrows'>> & { readonly borrows?: boolean }

/** One byte of length before each frame; right, but for the work that it does. */
class Decoding implements Decoder {
  rest: Uint8Array = new Uint8Array(0)
  before = 0

  push(chunk: Uint8Array, emit: Emit<Frame>): void {
    this.rest = Buffer.concat([this.rest, chunk])
    while (this.rest.length > 0 && this.rest.length > this.length()) {
      const end = 1 + this.length()
      const frame = this.rest.subarray(1, end)
      this.rest = this.rest.subarray(end)
      this.before += end
      emit(asFrame(frame))
    }
  }

  length(): number {
    const length = this.rest[0] as number
    if (length > LIMIT) throw new FrameTooLongError(LIMIT, length, { offset: this.before })
    return length
  }

  end(): void {
    if (this.rest.length > 0) throw new UnexpectedEndError(this.rest.length, { offset: this.before })
  }

  endOfDatagram(): void {
    this.end()
    this.reset()
  }

  reset(): void {
    this.rest = new Uint8Array(0)
    this.before = 0
  }
}

const encode = (frame: Uint8Array, emit: Emit<Uint8Array>): void =>
  emit(Buffer.concat([Uint8Array.of(frame.length), frame]))

const codec = (decoder: () => Decoder, outbound: Stage<Uint8Array, Uint8Array> = { push: encode }) =>
  definePlugin({ name: 'framed', produces: 'frame', open: () => ({ inbound: decoder(), outbound }) })

const faulty = (methods: (right: Decoding) => Partial<Decoder>): (() => Decoder) => () => {
  const right = new Decoding()
  return Object.assign(right, methods(right))
}

const frames = fc.uint8Array({ maxLength: LIMIT })

/** The promises that a codec breaks. */
async function broken(
  make: () => MadeCodec<Uint8Array>,
  options: Partial<CodecOptions<Uint8Array>> = {},
): Promise<string[]> {
  const found: string[] = []
  const tests: Promise<void>[] = []
  const run = (promise: string, body: () => Promise<void>): void => {
    tests.push(body().catch(() => void found.push(promise)))
  }
  const runner = { describe: (_name: string, body: () => void) => body(), test: run }
  describeCodec('framed', make, { ...runner, fc, frames, maxHeld: LIMIT + 1, runs: 2000, ...options })
  await Promise.all(tests)
  return found
}

const quadratic = 'does work in proportion to the input, byte by byte'

describe('describeCodec', () => {
  test('finds nothing wrong with a codec that is right', async () => {
    expect(await broken(codec(() => new Decoding()))).toEqual([])
  })

  test('finds work that grows faster than the input', async () => {
    const wide = codec(() => Object.assign(new Decoding(), { length: () => 100_000 }))
    const long = { make: () => wide() as MadeCodec<Uint8Array>, message: (length: number) => new Uint8Array(length) }
    expect(await broken(codec(() => new Decoding()), { long })).toEqual([quadratic])
  })

  const faults: readonly (readonly [fault: string, promise: RegExp, decoder: () => Decoder])[] = [
    ['a limit that minds the chunk', /wherever the bytes are cut/, faulty((right) => ({
      push: (chunk, emit) => {
        if (chunk.length > LIMIT) throw new FrameTooLongError(LIMIT, chunk.length, { offset: right.before })
        Decoding.prototype.push.call(right, chunk, emit)
      },
    }))],
    ['an offset that minds the chunk', /wherever the bytes are cut/, faulty((right) => ({
      end: () => {
        if (right.rest.length > 0) throw new UnexpectedEndError(right.rest.length, { offset: right.rest.byteOffset })
      },
    }))],
    ['a datagram that is not forgotten', /does to a datagram the same/, faulty(() => ({ reset: () => {} }))],
    ['an error of its own', /throws nothing but FrameErrors/, faulty((right) => ({
      length: () => {
        if ((right.rest[0] as number) > LIMIT) throw new RangeError('too long')
        return right.rest[0] as number
      },
    }) as Partial<Decoder>)],
    ['an error that tells of a place there is not', /throws nothing but FrameErrors/, faulty((right) => ({
      end: () => {
        if (right.rest.length > 0) throw new UnexpectedEndError(right.rest.length, { offset: 1_000 })
      },
    }))],
    ['writing into what it gets', /changes no byte/, faulty((right) => ({
      push: (chunk, emit) => {
        Decoding.prototype.push.call(right, Uint8Array.from(chunk), emit)
        chunk.fill(0)
      },
    }))],
    ['keeping what was lent', /keeps nothing of what it is pushed/, faulty((right) => ({
      borrows: true,
      push: (chunk, emit) => {
        if (right.rest.length > 0) return Decoding.prototype.push.call(right, chunk, emit)
        right.rest = chunk
        Decoding.prototype.push.call(right, chunk.subarray(0, 0), emit)
        if (right.rest.length > 0) right.rest = chunk.subarray(chunk.length - right.rest.length)
      },
    }))],
    ['losing what is empty', /gives back what was encoded/, faulty((right) => ({
      push: (chunk, emit) => Decoding.prototype.push.call(right, chunk, (frame) => frame.length > 0 && emit(frame)),
    }))],
    ['searching all of a chunk for each frame', /in one chunk/, faulty((right) => ({
      length: () => {
        right.rest.includes(256)
        return Decoding.prototype.length.call(right)
      },
    }) as Partial<Decoder>)],
    ['waiting for more than it may', /never waits/, faulty((right) => {
      const kept: Frame[] = []
      const all = (emit: Emit<Frame>): void => kept.splice(0).forEach(emit)
      const push: Decoder['push'] = (chunk, emit) => {
        Decoding.prototype.push.call(right, chunk, (frame) => void kept.push(frame))
        if (kept.length > 3) all(emit)
      }
      return { push, end: all }
    })],
    ['pinning the memory of chunks', /keeps no memory alive/, faulty((right) => {
      const pinned: Uint8Array[] = []
      return { push: (chunk, emit) => (pinned.push(chunk), Decoding.prototype.push.call(right, chunk, emit)) }
    })],
  ]
  test.each(faults)('finds %s', async (_fault, promise, decoder) => {
    expect(await broken(codec(decoder))).toEqual(expect.arrayContaining([expect.stringMatching(promise)]))
  })

  test('finds a sample that is taken for valid', async () => {
    const found = await broken(codec(() => new Decoding()), { invalid: [Uint8Array.of(1, 1)] })
    expect(found).toEqual(['refuses each sample that is invalid'])
  })

  test('finds an encoder that keeps what was lent', async () => {
    const push = (frame: Uint8Array, emit: Emit<Uint8Array>): void => {
      encode(held ?? frame, emit)
      held = frame
    }
    let held: Uint8Array | undefined
    const found = await broken(codec(() => new Decoding(), { push, borrows: true }))
    expect(found).toContainEqual(expect.stringMatching('borrows'))
  })

  test('lets a codec leave datagrams as they are', async () => {
    const framed = definePlugin({
      name: 'framed',
      produces: 'frame',
      open: ({ connection: { datagram } }) => {
        const parts: Uint8Array[] = []
        const whole = {
          push: (part: Uint8Array) => void parts.push(part),
          endOfDatagram: (emit: Emit<Frame>) => emit(asFrame(Buffer.concat(parts.splice(0)))),
        }
        return datagram ? { inbound: whole } : { inbound: new Decoding(), outbound: { push: encode } }
      },
    })
    expect(await broken(() => framed())).not.toContain('gives back what was encoded into a datagram')
  })

  test('asks a codec nothing of datagrams, or of streams, where it turns them away', async () => {
    const only = (wanted: 'datagram' | 'stream', right: 'datagram' | 'stream') =>
      definePlugin({
        name: 'framed',
        produces: 'frame',
        accept: ({ datagram }) => (datagram === (wanted === 'datagram') ? undefined : { refuse: 'no' }),
        open: ({ connection: { datagram } }) => {
          if (datagram !== (right === 'datagram')) throw new TypeError('it should not have been asked')
          return { inbound: new Decoding(), outbound: { push: encode } }
        },
      })
    for (const over of ['datagram', 'stream'] as const) {
      const other = over === 'stream' ? 'datagram' : 'stream'
      const invalid = [Uint8Array.of(LIMIT + 1)]
      expect((await broken(() => only(over, over)(), { invalid })).filter((promise) => promise !== quadratic)).toEqual([])
      expect(await broken(() => only(over, other)(), { invalid })).toContain('refuses each sample that is invalid')
    }
  })

  test('gives a codec of frames whole frames, and leaves cuts and bounds to its framer', async () => {
    const promises: string[] = []
    const noted = (name: string): number => promises.push(name)
    const runner = { describe: (_name: string, body: () => void) => body(), test: noted }
    const passing = definePlugin({ name: 'passing', accepts: 'frame', produces: 'message', open: () => ({}) })
    describeCodec('passing', () => passing(), { ...runner, fc, frames })
    expect(promises).toContain('gives back each frame that was encoded')
    expect(promises.join()).not.toMatch(/cut|waits|memory|work/)
  })

  test.each([{ maxHeld: undefined }, { runs: 0 }, { runs: 1.5 }])('refuses %o', (options) => {
    const wrong = { describe, test, fc, frames, maxHeld: 1, ...options } as unknown as CodecOptions<Uint8Array>
    expect(() => describeCodec('framed', codec(() => new Decoding()), wrong)).toThrow(InvalidOptionError)
  })
})
