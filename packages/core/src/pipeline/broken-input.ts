import type { BaseConnection } from '../connection/base-connection.ts'
import type { Timer } from '../connection/clock.ts'
import type { PluginError } from '../errors/pipeline-errors.ts'
import type { RunOptions } from './engine.ts'

/** What a run is asked for when its peer has broken the protocol. */
interface Broken {
  readonly connection: BaseConnection
  readonly options: Pick<RunOptions, 'clock' | 'lingerTimeout'>
  /** Whether the outbound stages have had their last word. */
  readonly outputHasEnded: boolean
  hold(): () => void
  /** The run is over. */
  stop(error: Error): void
}

/**
 * A stream whose peer has broken the protocol, from the error on until the connection ends with it. Nothing more is read; what came
 * before is worked off, and what is written meanwhile still goes out: for `lingerTimeout` at most.
 */
export class BrokenInput {
  readonly error: PluginError
  /** Whether the error has come to the end of the inbound direction. */
  through = false
  readonly #run: Broken
  readonly #timer: Timer | undefined

  /** @param waits - somebody may still write: there is a connection. */
  constructor(run: Broken, error: PluginError, waits: boolean) {
    this.#run = run
    this.error = error
    run.hold()
    const { clock, lingerTimeout } = run.options
    if (waits && lingerTimeout > 0) this.#timer = clock.schedule(() => this.end(), lingerTimeout)
  }

  /** The error has come through, or nobody wants to see it. Where nothing more can be written, that is all. */
  comeThrough(): void {
    this.through = true
    if (this.#run.outputHasEnded) this.end()
  }

  /** Sends what was written, and ends the connection. */
  end(): void {
    this.cancel()
    this.#run.connection.closeWith(this.error)
    this.#run.stop(this.error)
  }

  /** The connection is gone. */
  cancel(): void {
    this.#timer?.cancel()
  }
}
