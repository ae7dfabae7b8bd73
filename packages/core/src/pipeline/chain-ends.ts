import { InvalidPipelineError } from '../errors/pipeline-errors.ts'
import type { Next } from './link.ts'
import type { Run } from './run.ts'

const nothing = (): void => {}

/** After a plugin that answers by itself, such as echo: the end of the input is the end of the output. */
export function answeringEnd(run: Run): Next {
  return { item: nothing, endOfDatagram: nothing, end: () => run.endOutput(), reset: nothing }
}

/** After a plugin that gates and has not let the later ones open: an item is its mistake, the end of the input the end of all. */
export function closedGate(run: Run): Next {
  return {
    item: () => run.raise(new InvalidPipelineError('an item was emitted before proceed()'), site, 'emit'),
    endOfDatagram: nothing,
    end: () => run.close(),
    reset: nothing,
  }
}

const site = { plugin: 'gate', direction: 'inbound' } as const
