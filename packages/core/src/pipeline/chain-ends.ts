import { DatagramTooLargeError } from '../errors/connection-errors.ts'
import { InvalidPipelineError } from '../errors/pipeline-errors.ts'
import type { Next } from './link.ts'
import type { Engine } from './engine.ts'

const nothing = (): void => {}

/** The peer's end of the outbound chain: what gets here is written. */
export function peerEnd(run: Engine): Next {
  const dropped = (error: DatagramTooLargeError): void => {
    const { remoteAddress } = run.info
    const facts = { direction: 'outbound', reason: 'too-large', remoteAddress, bytes: error.size, error } as const
    run.options.report({ type: 'datagram-dropped', ...facts })
  }
  return {
    item(item) {
      try {
        run.connection.write(item as Uint8Array)
      } catch (error) {
        if (error instanceof DatagramTooLargeError) dropped(error)
        else run.raise(error, { plugin: run.lastToWrite, direction: 'outbound' }, 'emit')
      }
    },
    endOfDatagram: nothing,
    end: () => run.onWireEnd(),
    reset: nothing,
  }
}

/** After a plugin that answers by itself, such as echo: the end of the input is the end of the output. */
export function answeringEnd(run: Engine): Next {
  return { item: nothing, endOfDatagram: nothing, end: () => run.endOutput(), reset: nothing }
}

/** After a plugin that gates and has not let the later ones open: an item is its mistake, the end of the input the end of all. */
export function closedGate(run: Engine): Next {
  return {
    item: () => run.raise(new InvalidPipelineError('an item was emitted before proceed()'), site, 'emit'),
    endOfDatagram: nothing,
    end: () => run.close(),
    reset: nothing,
  }
}

const site = { plugin: 'gate', direction: 'inbound' } as const
