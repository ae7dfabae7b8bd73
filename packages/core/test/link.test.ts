import { describe, expect, test } from 'vitest'
import { CorruptFrameError, type Stage } from '../src/index.ts'
import { type LinkOwner, type Next, type Segment, StageLink } from '../src/pipeline/link.ts'

interface Linked {
  readonly link: StageLink
  readonly segment: Segment
  readonly calls: unknown[]
  readonly raised: { readonly error: unknown; readonly phase: string }[]
  readonly owner: { stopped: boolean }
}

/** A link with what comes after it and what it raises in the open. */
function linked(stage: Stage<unknown, unknown>, maxPushBytes = 1000): Linked {
  const calls: unknown[] = []
  const raised: Linked['raised'] = []
  const segment: Segment = { skipping: false, feeding: false }
  const owner: LinkOwner & { stopped: boolean } = {
    maxPushBytes,
    stopped: false,
    raise: (error: unknown, _site: unknown, phase: string) => {
      raised.push({ error, phase })
      if (error instanceof CorruptFrameError) segment.skipping = true
      else owner.stopped = true
    },
  }
  const link = new StageLink(owner, segment, { plugin: 'it', direction: 'inbound' }, stage)
  const next: Next = {
    item: (item) => calls.push(item),
    endOfDatagram: () => calls.push('endOfDatagram'),
    end: () => calls.push('end'),
    endWith: () => calls.push('endWith'),
    reset: () => calls.push('reset'),
  }
  link.next = next
  return { link, segment, calls, raised, owner }
}

describe('StageLink', () => {
  test('passes on what its stage emits in push, endOfDatagram and end, before it passes on the event itself', () => {
    const { link, calls } = linked({
      push: (item, emit) => emit(`${String(item)}!`),
      endOfDatagram: (emit) => emit('last of datagram'),
      end: (emit) => emit('last of all'),
    })
    link.item('a')
    link.endOfDatagram()
    link.end()
    expect(calls).toEqual(['a!', 'last of datagram', 'endOfDatagram', 'last of all', 'end'])
  })

  test('passes events on for a stage that has only push', () => {
    const { link, calls } = linked({ push: () => {} })
    link.endOfDatagram()
    link.reset()
    link.end()
    expect(calls).toEqual(['endOfDatagram', 'reset', 'end'])
  })

  test('gives nothing more, and no clean end, after an error that its input has ended with', () => {
    const seen: unknown[] = []
    const { link, calls } = linked({
      push: (item, emit) => {
        seen.push(item)
        link.endWith(new CorruptFrameError('no'), undefined)
        emit(item)
      },
      end: () => seen.push('end'),
    })
    link.item('a')
    link.item('b')
    link.end()
    expect(seen).toEqual(['a'])
    expect(calls).toEqual(['endWith'])
  })

  test('calls the methods of a stage that is an instance of a class', () => {
    class Counting implements Stage<unknown, unknown> {
      #count = 0
      push = (_: unknown, emit: (item: unknown) => void): void => emit(++this.#count)
      end(emit: (item: unknown) => void): void {
        emit(this.#count)
      }
    }
    const { link, calls } = linked(new Counting())
    link.item('a')
    link.end()
    expect(calls).toEqual([1, 1, 'end'])
  })

  test.each(['push', 'endOfDatagram', 'end', 'reset'] as const)('raises what %s throws with its phase', (phase) => {
    const error = new RangeError('no')
    const boom = (): never => {
      throw error
    }
    const { link, raised, calls } = linked({ push: () => {}, [phase]: boom })
    if (phase === 'push') link.item('a')
    else link[phase]()
    expect(raised).toEqual([{ error, phase }])
    expect(calls.filter((call) => call !== 'reset')).toEqual([])
  })

  test('takes an emit after push has returned for a mistake and passes nothing on', () => {
    let late!: (item: unknown) => void
    const { link, raised, calls } = linked({ push: (_, emit) => void (late = emit) })
    link.item('a')
    late('b')
    expect(raised).toMatchObject([{ error: expect.any(TypeError), phase: 'emit' }])
    expect(calls).toEqual([])
  })

  test('throws PushLimitError at the emit that goes over, and counts each push anew', () => {
    let sizes: number[] = []
    const { link, raised, calls } = linked({
      push: (_, emit) => {
        for (const size of sizes) emit(new Uint8Array(size))
      },
    })
    sizes = [600, 400]
    link.item('a')
    link.item('b')
    expect(raised).toEqual([])
    sizes = [600, 401]
    link.item('c')
    expect(raised).toMatchObject([{ error: { code: 'MILLRACE_ERR_PUSH_LIMIT', limit: 1000 }, phase: 'push' }])
    expect(calls).toHaveLength(5)
  })

  const chargeless = [['messages', 'text'], ['empty chunks', new Uint8Array(0)]] as const

  test.each(chargeless)('charges %s too, so that no loop goes on for ever', (_, item) => {
    const { link, raised } = linked({
      push: (_item, emit) => {
        for (;;) emit(item)
      },
    })
    link.item('a')
    expect(raised).toMatchObject([{ error: { code: 'MILLRACE_ERR_PUSH_LIMIT' } }])
  })

  test('raises PushLimitError also where the stage catches what emit throws', () => {
    const { link, raised } = linked({
      push: (_, emit) => {
        try {
          emit(new Uint8Array(1001))
        } catch {
          // As a stage does that guards all it does.
        }
      },
    })
    link.item('a')
    expect(raised).toMatchObject([{ error: { code: 'MILLRACE_ERR_PUSH_LIMIT' }, phase: 'push' }])
  })

  test('does nothing once the run is over, and skips items while a bad datagram is dropped', () => {
    let pushed = 0
    const { link, owner, segment, calls } = linked({ push: () => void pushed++, end: () => void pushed++ })
    segment.skipping = true
    link.item('a')
    segment.skipping = false
    owner.stopped = true
    link.item('b')
    link.end()
    link.endOfDatagram()
    expect(pushed).toBe(0)
    expect(calls).toEqual([])
  })

  test('lets a stage be entered again from its own emit', () => {
    const { link, calls, raised } = linked({
      push: (item, emit) => {
        emit(item)
        if (item === 'outer') link.item('inner')
        emit(`${String(item)} again`)
      },
    })
    link.item('outer')
    expect(calls).toEqual(['outer', 'inner', 'inner again', 'outer again'])
    expect(raised).toEqual([])
  })
})
