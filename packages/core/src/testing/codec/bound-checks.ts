import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { CodecSubject, type OpenCodec } from './codec-subject.ts'
import type { CodecCheck } from './codec-check.ts'
import { type Arbitrary, cutInto, type Fc } from './inputs.ts'
import { meterWork } from './work-meter.ts'

/** In bytes: the inputs for which work is compared, the second twice the first. */
const LENGTHS = [6_000, 12_000] as const
/** How much more work twice the input may be. */
const MOST_GROWTH = 2.5
/** Connections that are left in the middle of a frame, all at once. */
const CONNECTIONS = 300
/** In bytes: the memory that each piece is a view of. */
const SLAB = 16_384
/** Pieces of one byte, each in a slab of its own, that a connection begins with. */
const SLABS = 16
/** In bytes: what a connection's stages may cost beside what they hold. */
const BOOKKEEPING = 8_192

/** What holds however long the peer goes on. */
export const boundChecks: readonly CodecCheck[] = [
  {
    promise: 'never waits with more bytes than it may hold',
    over: 'stream',
    share: 0.05,
    only: 'bytes',
    run: ({ codec, wire, options: { maxHeld = 0 }, forAll }) => {
      forAll(wire, (bytes) => {
        const open = codec.open()
        let waiting = 0
        let passingOver = false
        for (const [i, piece] of cutInto(bytes, 'everywhere').entries()) {
          waiting += piece.length
          const { items, discarded, error } = open.decode([piece], false)
          if (error !== undefined) return
          // What it emits or reports accounts for all that came before; what it reports it may pass over to its end.
          if (discarded.length > 0) passingOver = true
          else if (items.length > 0) passingOver = false
          if (passingOver || items.length > 0) waiting = 0
          // Or it has passed over what is nothing, such as blank lines.
          if (waiting > maxHeld) waiting = sinceClean(codec, bytes.subarray(0, i + 1), waiting)
          assert.ok(waiting <= maxHeld, `${waiting} bytes wait, and ${maxHeld} may`)
        }
      })
    },
  },
  {
    promise: 'keeps no memory alive but what it may hold',
    over: 'stream',
    share: 0,
    only: 'bytes',
    run: ({ fc, codec, frames, options: { maxHeld = 0 } }) => {
      const samples = sampled(fc, codec, frames, 200)
      const longest = samples.reduce((a, b) => (b.length > a.length ? b : a), new Uint8Array(0))
      const begun = longest.subarray(0, -1)
      const before = memoryInUse()
      const open = Array.from({ length: CONNECTIONS }, () => leaveInside(codec, begun))
      const each = (memoryInUse() - before) / open.length
      const kept = `a connection keeps ${Math.round(each)} bytes, and may hold ${maxHeld}`
      assert.ok(each <= 2 * maxHeld + BOOKKEEPING, kept)
    },
  },
  {
    promise: 'does work in proportion to the input, byte by byte',
    over: 'stream',
    share: 0,
    only: 'bytes',
    run: ({ fc, codec, frames, options: { long } }) => {
      if (long === undefined) {
        const samples = Buffer.concat(sampled(fc, codec, frames, 50))
        checkGrowth((length) => workOn(codec, cutInto(repeated(samples, length), 'everywhere')))
      } else {
        const roomy = new CodecSubject(long.make())
        const encoded = (length: number): Uint8Array => roomy.encode(long.message(length) as unknown) as Uint8Array
        checkGrowth((length) => workOn(roomy, cutInto(encoded(length), 'everywhere')))
      }
    },
  },
  {
    promise: 'does work in proportion to the input, with all of it in one chunk',
    over: 'stream',
    share: 0,
    only: 'bytes',
    run: ({ fc, codec, frames }) => {
      for (const encoded of sampled(fc, codec, frames, 20)) {
        checkGrowth((length) => workOn(codec, [repeated(encoded, length)]))
      }
    },
  },
]

/** How many of the last bytes came after the last place where the input could have ended with nothing half read. */
function sinceClean(codec: CodecSubject, bytes: Uint8Array, waiting: number): number {
  for (let since = 0; since < waiting; since++) {
    const before = bytes.subarray(0, bytes.length - since)
    const ended = codec.open().decode([before], true)
    const open = codec.open().decode([before], false)
    if (ended.error === undefined && ended.items.length === open.items.length) return since
  }
  return waiting
}

/** Some frames, encoded. */
function sampled(fc: Fc, codec: CodecSubject, frames: Arbitrary<unknown>, numRuns: number): Uint8Array[] {
  return fc.sample(frames, { numRuns, seed: 1 }).map((message) => codec.encode(message) as Uint8Array)
}

/** Pushes the beginning of a frame byte by byte, each byte a view of memory of its own. */
function leaveInside(codec: CodecSubject, begun: Uint8Array): OpenCodec {
  const open = codec.open()
  for (const byte of begun.subarray(0, SLABS)) {
    const slab = new Uint8Array(SLAB)
    slab[1] = byte
    open.decode([slab.subarray(1, 2)], false)
  }
  if (begun.length > SLABS) open.decode([Uint8Array.from(begun.subarray(SLABS))], false)
  return open
}

/** In bytes, after the garbage has been collected. */
function memoryInUse(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** The same bytes over and over, about so many in all. */
function repeated(bytes: Uint8Array, length: number): Uint8Array {
  return bytes.length === 0 ? bytes : Buffer.concat(Array<Uint8Array>(Math.ceil(length / bytes.length)).fill(bytes))
}

function workOn(codec: CodecSubject, pieces: readonly Uint8Array[]): number {
  const { inbound } = codec.open()
  const emit = (): void => {}
  return meterWork(() => {
    for (const piece of pieces) inbound.push(piece, emit)
  })
}

function checkGrowth(work: (length: number) => number): void {
  const [once, twice] = LENGTHS.map(work) as [number, number]
  const counted = `${once} bytes were copied and searched, for twice the input ${twice}`
  assert.ok(twice <= once * MOST_GROWTH + LENGTHS[0], counted)
}
