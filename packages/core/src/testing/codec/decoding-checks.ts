import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import type { FrameError } from '../../errors/frame-errors.ts'
import type { CodecBench, CodecCheck } from './codec-check.ts'
import { cutInto, someCuts } from './inputs.ts'
import { contentOf } from './outcome.ts'

/** What lent bytes are overwritten with. */
const POISON = 0xdb

/** What holds whatever comes. */
export const decodingChecks: readonly CodecCheck[] = [
  {
    promise: 'gives the same frames, error and offset wherever the bytes are cut',
    over: 'stream',
    share: 0.35,
    only: 'bytes',
    run: ({ fc, codec, wire, seen, forAll }) => {
      const input = fc.record({ bytes: wire, first: someCuts(fc), second: someCuts(fc), ends: fc.boolean() })
      forAll(input, ({ bytes, first, second, ends }) => {
        const expected = seen(codec.open().decode(cutInto(bytes, first), ends))
        assert.deepEqual(seen(codec.open().decode(cutInto(bytes, second), ends)), expected)
        assert.deepEqual(seen(codec.open().decode([bytes], ends)), expected)
      })
    },
  },
  {
    promise: 'gives the same for a frame whatever came before it',
    over: 'datagram',
    share: 0.35,
    only: 'frames',
    run: ({ fc, codec, wire, forAll }) => {
      forAll(fc.array(wire, { minLength: 1, maxLength: 4 }), (frames) => {
        // Only the offset of an error tells how far the stream is; datagrams begin anew.
        const one = codec.open(true)
        for (const frame of frames) {
          assert.deepEqual(one.decodeDatagram([frame]), codec.open(true).decodeDatagram([Uint8Array.from(frame)]))
        }
      })
    },
  },
  {
    promise: 'does to a datagram the same whatever came before it, and however it is cut on its way',
    over: 'datagram',
    share: 0.1,
    only: 'bytes',
    run: ({ fc, codec, wire, seen, forAll }) => {
      const datagram = fc.record({ bytes: wire, cuts: someCuts(fc) })
      forAll(fc.array(datagram, { minLength: 1, maxLength: 3 }), (datagrams) => {
        const one = codec.open(true)
        for (const { bytes, cuts } of datagrams) {
          const expected = seen(codec.open(true).decodeDatagram([bytes]))
          assert.deepEqual(seen(one.decodeDatagram(cutInto(bytes, cuts))), expected)
        }
      })
    },
  },
  {
    promise: 'throws nothing but FrameErrors, whose offset, if they have one, lies in the input',
    share: 0.05,
    run: ({ fc, codec, wire, forAll }) => {
      const kinds = ([false, true] as const).filter((datagram) => codec.takes(datagram ? 'datagram' : 'stream'))
      forAll(fc.tuple(wire, fc.constantFrom(...kinds)), ([bytes, datagram]) => {
        const open = codec.open(datagram)
        // What is no FrameError is not caught here.
        const { error } = datagram ? open.decodeDatagram([bytes]) : open.decode([bytes])
        if (error === undefined) return
        const { offset } = error as FrameError
        // A codec need not count.
        if (offset === undefined) return
        assert.ok(Number.isInteger(offset) && offset >= 0 && offset <= bytes.length, `the offset is ${offset}`)
      })
    },
  },
  {
    promise: 'changes no byte of what it is pushed',
    share: 0.05,
    run: ({ fc, codec, wire, forAll }) => {
      forAll(fc.tuple(wire, fc.nat({ max: 255 })), ([bytes, cut]) => {
        const pieces = codec.accepts === 'bytes' ? cutInto(bytes, [cut]) : [bytes]
        const before = pieces.map((piece) => Uint8Array.from(piece))
        codec.decode(pieces)
        assert.deepEqual(pieces.map((piece) => Uint8Array.from(piece)), before)
      })
    },
  },
  {
    promise: 'keeps nothing of what it is pushed, where its stages promise so (borrows)',
    share: 0.1,
    run: (bench) => {
      checkInboundLoans(bench)
      checkOutboundLoans(bench)
    },
  },
  {
    promise: 'refuses each sample that is invalid',
    share: 0,
    run: ({ codec, options: { invalid = [] } }) => {
      for (const sample of invalid) {
        const { error, discarded } = codec.decode([sample])
        const refused = error !== undefined || discarded.length > 0
        assert.ok(refused, `nothing is wrong with ${Buffer.from(sample).toString('hex')}`)
      }
    },
  },
]

/** Like poison: a piece is overwritten as soon as push has returned. What was emitted is compared as it was then. */
function checkInboundLoans({ fc, codec, wire, seen, forAll }: CodecBench): void {
  if (!codec.open().inbound.borrows) return
  forAll(fc.tuple(wire, someCuts(fc)), ([bytes, cuts]) => {
    const pieces = codec.accepts === 'bytes' ? cutInto(bytes, cuts) : [bytes]
    const expected = seen(codec.decode(pieces))
    const loans = pieces.map((piece) => Uint8Array.from(piece))
    assert.deepEqual(seen(codec.decode(loans, (loan) => (loan as Uint8Array).fill(POISON))), expected)
  })
}

function checkOutboundLoans({ codec, frames, forAll }: CodecBench): void {
  const { outbound } = codec.open()
  if (!outbound.borrows) return
  forAll(frames, (message) => {
    if (!(message instanceof Uint8Array)) return
    const expected = contentOf(codec.encode(message))
    const sent: unknown[] = []
    for (let times = 0; times < 2; times++) {
      const loan = Uint8Array.from(message)
      outbound.push(loan, (item) => void sent.push(contentOf(item)))
      loan.fill(POISON)
    }
    assert.deepEqual(sent, [expected, expected])
  })
}
