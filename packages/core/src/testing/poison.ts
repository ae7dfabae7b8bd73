import type { BuiltPlugin } from '../pipeline/built-pipeline.ts'
import { type AsyncStage, isAsyncStage, type Stage } from '../pipeline/stage.ts'

/** What lent bytes are overwritten with. */
const POISON = 0xdb

type AnyStage = Stage<unknown, unknown> | AsyncStage<unknown, unknown>

/**
 * A plugin whose stages, where they promise to keep nothing (`borrows: true`), are lent a copy of each chunk that is
 * overwritten once `push` has returned. What such a stage keeps or passes on all the same comes out as 0xDB and is
 * seen.
 */
export function poisoned(plugin: BuiltPlugin): BuiltPlugin {
  return {
    ...plugin,
    open: (context) => {
      const stages = plugin.open(context)
      if (typeof stages !== 'object' || stages === null) return stages
      return {
        ...(stages.inbound && { inbound: lending(stages.inbound) }),
        ...(stages.outbound && { outbound: lending(stages.outbound) }),
        close: (info) => stages.close?.(info),
      }
    },
  }
}

function lending(stage: AnyStage): AnyStage {
  if (isAsyncStage(stage) || !stage.borrows) return stage
  return {
    push: (item, emit) => {
      if (!(item instanceof Uint8Array)) return stage.push(item, emit)
      const loan = item.slice()
      stage.push(loan, emit)
      loan.fill(POISON)
    },
    endOfDatagram: (emit) => stage.endOfDatagram?.(emit),
    end: (emit) => stage.end?.(emit),
    reset: () => stage.reset?.(),
    borrows: true,
  }
}
