import type { BuiltPlugin } from '../pipeline/built-pipeline.ts'
import type { PluginContext } from '../pipeline/plugin.ts'
import { type AsyncStage, isAsyncStage, type Stage } from '../pipeline/stage.ts'

/** What lent bytes are overwritten with. */
const POISON = 0xdb

type AnyStage = Stage<unknown, unknown> | AsyncStage<unknown, unknown>

/**
 * A plugin whose stages, where they promise to keep nothing (`borrows: true`), are lent a copy of each chunk that is
 * overwritten once `push` has returned. What such a stage keeps all the same comes out as 0xDB and is seen; views of it
 * that it emits, or sends on from beside itself meanwhile, go on as copies.
 */
export function poisoned(plugin: BuiltPlugin): BuiltPlugin {
  return {
    ...plugin,
    open: (context) => {
      const loans: Loans = []
      const stages = plugin.open(sparing(context, loans))
      if (typeof stages !== 'object' || stages === null) return stages
      return {
        ...(stages.inbound && { inbound: lending(stages.inbound, loans) }),
        ...(stages.outbound && { outbound: lending(stages.outbound, loans) }),
        close: (info) => stages.close?.(info),
      }
    },
  }
}

/** What the stages of one plugin are lent just now: pushes can be within one another. */
type Loans = Uint8Array[]

/** A copy of a view of what is lent; anything else as it is. */
function spared(item: unknown, loans: Loans): unknown {
  return item instanceof Uint8Array && loans.some(({ buffer }) => buffer === item.buffer) ? Uint8Array.from(item) : item
}

/** The context, whose emitInbound and emitOutbound spare what is lent as `emit` does: echo answers by one. */
function sparing(context: PluginContext, loans: Loans): PluginContext {
  return new Proxy(context, {
    get: (target, key) => {
      const member: unknown = Reflect.get(target, key, target)
      if (key !== 'emitInbound' && key !== 'emitOutbound') return member
      return (item: unknown) => (member as PluginContext['emitInbound'])(spared(item, loans))
    },
  })
}

function lending(stage: AnyStage, loans: Loans): AnyStage {
  if (isAsyncStage(stage) || !stage.borrows) return stage
  return {
    push: (item, emit) => {
      if (!(item instanceof Uint8Array)) return stage.push(item, emit)
      // Not slice, which of a Buffer is a view.
      const loan = Uint8Array.from(item)
      loans.push(loan)
      try {
        return stage.push(loan, (out) => emit(spared(out, loans)))
      } finally {
        loans.pop()
        loan.fill(POISON)
      }
    },
    endOfDatagram: (emit) => stage.endOfDatagram?.(emit),
    end: (emit) => stage.end?.(emit),
    reset: () => stage.reset?.(),
    borrows: true,
  }
}
