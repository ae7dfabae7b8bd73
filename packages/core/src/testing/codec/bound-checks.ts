import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { CodecSubject, type OpenCodec } from './codec-subject.ts'
import type { CodecBench, CodecCheck } from './codec-check.ts'
import { cutInto } from './inputs.ts'
import { meterWork } from './work-meter.ts'

/** In bytes: inputs for the check of the work done, of which the second is twice the first. */
const LENGTHS = [6_000, 12_000] as const
/** How much more work twice the input may be. */
const MOST_GROWTH = 2.5
/** Connections that are left in the middle of a frame, all at once. */
const CONNECTIONS = 500
/** In bytes: the memory that each piece is a view of. */
const SLAB = 16_384
/** In bytes: what a connection's stages may cost beside what they hold. */
const BOOKKEEPING = 4_096

/** What holds however long the peer goes on. */
export const boundChecks: readonly CodecCheck[] = [
  {
    promise: 'never waits with more bytes than it may hold',
    share: 0.05,
    only: 'bytes',
    run: ({ codec, wire, options: { maxHeld = 0 }, forAll }) => {
      forAll(wire, (bytes) => {
        const open = codec.open()
        let waiting = 0
        let passingOver = false
        for (const piece of cutInto(bytes, 'everywhere')) {
          waiting += piece.length
          const { items, discarded, error } = open.decode([piece], false)
          if (error !== undefined) return
          // What it emits or reports accounts for all that came before; what it reports it may pass over to its end.
          if (discarded.length > 0) passingOver = true
          else if (items.length > 0) passingOver = false
          if (passingOver || items.length > 0) waiting = 0
          assert.ok(waiting <= maxHeld, `${waiting} bytes wait, and ${maxHeld} may`)
        }
      })
    },
  },
  {
    promise: 'keeps no memory alive but what it may hold',
    share: 0,
    only: 'bytes',
    run: ({ fc, codec, frames, options: { maxHeld = 0 } }) => {
      const samples = fc.sample(frames, { numRuns: 200, seed: 1 }).map((message) => codec.encode(message) as Uint8Array)
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
    share: 0,
    only: 'bytes',
    run: (bench) => {
      const [once, twice] = LENGTHS.map((length) => workOn(bench, length)) as [number, number]
      assert.ok(twice <= once * MOST_GROWTH, `${once} bytes were copied and searched, for twice the input ${twice}`)
    },
  },
]

/** Pushes the beginning of a frame byte by byte, each byte a view of memory of its own. */
function leaveInside(codec: CodecSubject, begun: Uint8Array): OpenCodec {
  const open = codec.open()
  for (const byte of begun.subarray(0, 64)) {
    const slab = new Uint8Array(SLAB)
    slab[1] = byte
    open.decode([slab.subarray(1, 2)], false)
  }
  if (begun.length > 64) open.decode([Uint8Array.from(begun.subarray(64))], false)
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

function workOn({ fc, codec, frames, options: { long } }: CodecBench, length: number): number {
  const subject = long === undefined ? codec : new CodecSubject(long.make())
  const messages: unknown[] =
    long === undefined ? fc.sample(frames, { numRuns: 50, seed: 1 }) : [long.message(length) as unknown]
  const encoded = Buffer.concat(messages.map((message) => subject.encode(message) as Uint8Array))
  const times = Math.max(1, Math.ceil(length / Math.max(1, encoded.length)))
  const bytes = Buffer.concat(Array<Uint8Array>(times).fill(encoded)).subarray(0, Math.max(length, 1))
  const pieces = cutInto(bytes, 'everywhere')
  const open = subject.open()
  const emit = (): void => {}
  return meterWork(() => {
    for (const piece of pieces) open.inbound.push(piece, emit)
  })
}
