import { DatagramTooLargeError } from '../errors/connection-errors.ts'
import { InvalidPipelineError } from '../errors/pipeline-errors.ts'
import type { Next } from './link.ts'
import type { Engine } from './engine.ts'

abstract class End implements Next {
  protected readonly run: Engine

  constructor(run: Engine) {
    this.run = run
  }

  abstract end(): void
  item(_item: unknown): void {}
  endWith(_error: Error): void {}
  endOfDatagram(): void {}
  reset(): void {}
}

/** The peer's end of the outbound chain: what gets here is written. */
export class PeerEnd extends End {
  override item(item: unknown): void {
    const { run } = this
    try {
      run.connection.write(item as Uint8Array)
    } catch (error) {
      if (error instanceof DatagramTooLargeError) reportDropped(run, error)
      else run.raise(error, { plugin: run.lastToWrite, direction: 'outbound' }, 'emit')
    }
  }

  end(): void {
    this.run.onWireEnd()
  }
}

/** After a plugin that answers by itself, such as echo: the end of the input is the end of the output. */
export class AnsweringEnd extends End {
  end(): void {
    this.run.endOutput()
  }

  override endWith(): void {
    this.run.onBroken(false)
  }
}

/** After a plugin that gates and has not let the later ones open: an item is its mistake, the end of the input the end of all. */
export class ClosedGate extends End {
  override item(): void {
    const error = new InvalidPipelineError('an item was emitted before proceed()')
    this.run.raise(error, { plugin: 'gate', direction: 'inbound' }, 'emit')
  }

  end(): void {
    this.run.close()
  }

  override endWith(): void {
    this.run.onBroken(false)
  }
}

function reportDropped({ info: { remoteAddress }, options }: Engine, error: DatagramTooLargeError): void {
  const facts = { direction: 'outbound', reason: 'too-large', remoteAddress, bytes: error.size, error } as const
  options.report({ type: 'datagram-dropped', ...facts })
}
