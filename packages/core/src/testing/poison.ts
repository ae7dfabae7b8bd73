import type { BuiltPlugin } from '../pipeline/built-pipeline.ts'
import { type AsyncStage, isAsyncStage, type Stage } from '../pipeline/stage.ts'

/** What lent bytes are overwritten with. */
const POISON = 0xdb

type AnyStage = Stage<unknown, unknown> | AsyncStage<unknown, unknown>

/**
 * A plugin whose stages, where they promise to keep nothing (`borrows: true`), are lent a copy of each chunk that is
 * overwritten once `push` has returned. What such a stage keeps all the same comes out as 0xDB and is seen; views of it
 * that it emits go on as copies.
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

function isViewOf(loan: Uint8Array, item: unknown): item is Uint8Array {
  return item instanceof Uint8Array && item.buffer === loan.buffer
}

function lending(stage: AnyStage): AnyStage {
  if (isAsyncStage(stage) || !stage.borrows) return stage
  return {
    push: (item, emit) => {
      if (!(item instanceof Uint8Array)) return stage.push(item, emit)
      // Not slice, which of a Buffer is a view.
      const loan = Uint8Array.from(item)
      stage.push(loan, (out) => emit(isViewOf(loan, out) ? Uint8Array.from(out) : out))
      loan.fill(POISON)
    },
    endOfDatagram: (emit) => stage.endOfDatagram?.(emit),
    end: (emit) => stage.end?.(emit),
    reset: () => stage.reset?.(),
    borrows: true,
  }
}
