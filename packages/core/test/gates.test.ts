import { describe, expect, test } from 'vitest'
import { createContainer, InvalidPipelineError, pipeline, type PluginContext } from '../src/index.ts'
import { embed, everySplit } from '../src/testing/index.ts'
import { decode, echo, encode, staged, tag, textOf } from './support/plugins.ts'

/** Takes one byte, which says whether to let the rest through. */
const gate = staged(
  'gate',
  (context) => {
    let open = false
    return {
      inbound: {
        push: (chunk, emit) => {
          let rest = chunk
          if (!open) {
            open = true
            context.proceed({ remoteAddress: { address: '192.0.2.7', port: 7, family: 'IPv4' } })
            rest = chunk.subarray(1)
          }
          if (rest.byteLength > 0) emit(rest)
        },
      },
    }
  },
  { gates: true },
)

describe('a plugin that gates', () => {
  test('lets the later ones open when it proceeds: what it emits then goes through them, however cut', () => {
    for (const chunks of everySplit(encode('!abc'))) {
      const opened: string[] = []
      const later = staged('later', () => {
        opened.push('later')
        return {}
      })
      const embedded = embed(pipeline(gate, later, echo()))
      expect(opened).toEqual([])
      embedded.writeInbound(...chunks)
      expect(opened).toEqual(['later'])
      expect(textOf(embedded.outbound)).toBe('abc')
    }
  })

  test('may change the addresses for those after it, in their contexts and errors', () => {
    const seen: PluginContext[] = []
    const look = staged('look', (context) => {
      seen.push(context)
      return {}
    })
    const embedded = embed(pipeline(look, gate, look))
    embedded.writeInbound(encode('!abc'))
    expect(seen[1]?.connection.remoteAddress.address).toBe('192.0.2.7')
    expect(seen[1]?.connection.bytesRead).toBe(4)
    seen[1]?.fail(new RangeError('no'))
    expect(embedded.error).toMatchObject({ remoteAddress: { address: '192.0.2.7' } })
  })

  test('fails when it emits before it proceeds', () => {
    const hasty = staged('hasty', () => ({ inbound: { push: (chunk, emit) => emit(chunk) } }), { gates: true })
    const embedded = embed(pipeline(hasty, echo()))
    embedded.writeInbound(encode('x'))
    expect(embedded.error).toMatchObject({ code: 'MILLRACE_ERR_PLUGIN_FAILED' })
    expect(embedded.error?.cause).toBeInstanceOf(InvalidPipelineError)
  })

  test('that has not proceeded at the end of the input ends the connection, cleanly', () => {
    const shut = staged('shut', () => ({ inbound: { push: () => {} } }), { gates: true })
    const embedded = embed(pipeline(tag('a'), shut, echo()))
    embedded.endInbound()
    expect(embedded.closed).toEqual({ initiator: 'remote' })
    expect(decode(...embedded.outbound)).toBe('A')
  })

  test('proceeds once: a second time opens nothing', () => {
    let opened = 0
    const twice = staged(
      'twice',
      ({ proceed }) => ({
        inbound: {
          push: () => {
            proceed()
            proceed()
          },
        },
      }),
      { gates: true },
    )
    const embedded = embed(
      pipeline(
        twice,
        staged('later', () => {
          opened++
          return {}
        }),
      ),
    )
    embedded.writeInbound(encode('x'), encode('y'))
    expect(opened).toBe(1)
  })

  test('may follow another one that gates', () => {
    const opened: string[] = []
    const later = staged('later', () => {
      opened.push('later')
      return {}
    })
    const embedded = embed(pipeline(gate, gate, later, echo()))
    embedded.writeInbound(encode('!'))
    expect(opened).toEqual([])
    embedded.writeInbound(encode('!abc'))
    expect(opened).toEqual(['later'])
    expect(textOf(embedded.outbound)).toBe('abc')
  })
})

test('proceed is refused in a plugin that does not gate', () => {
  const embedded = embed(
    staged('open', ({ proceed }) => ({ inbound: { push: () => proceed() } })),
  )
  embedded.writeInbound(encode('x'))
  expect(embedded.error?.cause).toBeInstanceOf(InvalidPipelineError)
})

describe('plugins behind a gate', () => {
  const asked: string[] = []
  const guard = staged('guard', () => ({}), {
    accept: ({ remoteAddress: { address } }) => {
      asked.push(address)
      return address === '192.0.2.7' ? { refuse: 'not that one' } : undefined
    },
  })

  test('are asked when it proceeds, with what it has changed, and those before it at once', () => {
    asked.length = 0
    const embedded = embed(pipeline(guard, gate, guard, staged('later', () => expect.unreachable()), echo()))
    expect(asked).toEqual(['memory'])
    embedded.writeInbound(encode('!abc'))
    expect(asked).toEqual(['memory', '192.0.2.7'])
    expect(embedded.outbound).toEqual([])
    expect(embedded.closed).toEqual({ initiator: 'local' })
    const types = embedded.events.map(({ type }) => type)
    expect(types).toEqual(['connection-opened', 'connection-refused', 'connection-closed'])
    expect(embedded.events[1]).toMatchObject({ reason: 'plugin', remoteAddress: { address: '192.0.2.7' } })
  })

  test('are asked up to the next gate only', () => {
    asked.length = 0
    const open = staged('open', ({ proceed }) => ({ inbound: { push: (chunk, emit) => (proceed(), emit(chunk)) } }), { gates: true })
    const embedded = embed(pipeline(guard, open, guard, gate, guard, echo()))
    embedded.writeInbound(encode('x'))
    expect(asked).toEqual(['memory', 'memory', '192.0.2.7'])
    expect(embedded.closed).toBeDefined()
  })
})

test('a gate may proceed while it is being opened: its own stages still come first', () => {
  const eager = staged('eager', ({ proceed }) => {
    proceed({ remoteAddress: { address: '192.0.2.7', port: 7, family: 'IPv4' } })
    return tagging('a')
  }, { gates: true })
  const seen: string[] = []
  const look = staged('look', ({ connection }) => (seen.push(connection.remoteAddress.address), {}))
  const embedded = embed(pipeline(eager, look, tag('b'), echo()))
  embedded.writeInbound(encode('x'))
  expect(seen).toEqual(['192.0.2.7'])
  expect(textOf(embedded.outbound)).toBe(textOf(plain()))
})

const tagging = (name: string): ReturnType<ReturnType<ReturnType<typeof tag>['build']>['open']> =>
  tag(name).build(createContainer()).open({} as PluginContext)

/** The same without a gate. */
function plain(): readonly Uint8Array[] {
  const embedded = embed(pipeline(tag('a'), tag('b'), echo()))
  embedded.writeInbound(encode('x'))
  return embedded.outbound
}
