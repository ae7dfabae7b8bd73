import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import type { CodecBench, CodecCheck } from './codec-check.ts'
import { cutInto, someCuts } from './inputs.ts'
import { contentOf } from './outcome.ts'

/** What holds of messages that are written, and read again at the other side. */
export const encodingChecks: readonly CodecCheck[] = [
  {
    promise: 'gives back what was encoded, wherever that is cut',
    over: 'stream',
    share: 0.15,
    only: 'bytes',
    run: (bench) => {
      const { fc, codec, frames, forAll } = bench
      forAll(fc.tuple(fc.array(frames, { maxLength: 4 }), someCuts(fc)), ([messages, cuts]) => {
        const bytes = Buffer.concat(messages.map((message) => codec.encode(message) as Uint8Array))
        expectBack(bench, messages, codec.open().decode(cutInto(bytes, cuts)).items)
        assert.equal(codec.open().decode([bytes]).error, undefined)
      })
    },
  },
  {
    promise: 'gives back each frame that was encoded',
    over: 'stream',
    share: 0.3,
    only: 'frames',
    run: (bench) => {
      const { fc, codec, frames, forAll } = bench
      forAll(fc.array(frames, { maxLength: 4 }), (messages) => {
        const encoded = messages.map((message) => codec.encode(message))
        const { items, error } = codec.open().decode(encoded)
        assert.equal(error, undefined)
        expectBack(bench, messages, items)
      })
    },
  },
  {
    promise: 'gives back what was encoded into a datagram',
    over: 'datagram',
    share: 0.05,
    run: (bench) => {
      const { codec, frames, forAll } = bench
      const one = codec.open(true)
      forAll(frames, (message) => {
        const { items, error } = one.decodeDatagram([codec.encode(message, true)])
        assert.equal(error, undefined)
        expectBack(bench, [message], items)
      })
    },
  },
]

function expectBack({ seen }: CodecBench, messages: readonly unknown[], items: readonly unknown[]): void {
  const sent = messages.map(contentOf)
  const whole = (list: readonly unknown[]): unknown => seen({ items: list, discarded: [], error: undefined })
  assert.deepEqual(whole(items), whole(sent))
}
