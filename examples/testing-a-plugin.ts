// Testing plugins without a socket: bytes in any split, what comes out at either end, and time that passes at will.
import assert from 'node:assert/strict'
import { chunksOf, embed, everySplit, joined } from '@millrace/core/testing'
import { definePlugin, echo, type Emit, pipeline, uppercaser } from 'millrace'

// The plugin to test: asks a peer that has been silent for five seconds whether it is still there.
const nudge = definePlugin({
  name: 'nudge',
  open({ clock, emitOutbound }) {
    const ask = (): void => emitOutbound(Buffer.from('still there?'))
    let timer = clock.schedule(ask, 5_000)
    const push = (chunk: Uint8Array, emit: Emit<Uint8Array>): void => {
      timer.cancel()
      timer = clock.schedule(ask, 5_000)
      emit(chunk)
    }
    return { inbound: { push } }
  },
})

const talk = embed(pipeline(nudge(), uppercaser(), echo()))
talk.writeInbound(...chunksOf(Buffer.from('hello'), 2))
assert.equal(Buffer.from(joined(talk.outbound)).toString(), 'HELLO')
talk.clock.advance(4_999)
assert.equal(Buffer.from(joined(talk.outbound)).toString(), 'HELLO')
talk.clock.advance(1)
assert.equal(Buffer.from(joined(talk.outbound)).toString(), 'HELLOstill there?')
console.log('asks after five seconds of silence, not before')

let splits = 0
for (const chunks of everySplit(Buffer.from('straße'))) {
  const embedded = embed(uppercaser())
  embedded.writeInbound(...chunks)
  embedded.endInbound()
  assert.equal(Buffer.from(joined(embedded.inbound)).toString(), 'STRASSE')
  splits++
}
console.log(`is the same in all ${splits} splits`)
