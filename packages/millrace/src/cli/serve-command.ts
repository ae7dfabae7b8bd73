import {
  ConnectionAbortedError,
  composePipeline,
  createContainer,
  formatAddress,
  LOGGER,
  type Logger,
  type Pipeline,
  type PluginRegistry,
  type PluginText,
  systemClock,
} from '@millrace/core'
import { serve } from '../serve.ts'
import type { Serving } from '../serving.ts'
import type { ServeCommand } from './arguments.ts'
import { EventLog } from './event-log.ts'
import { createRegistry } from './import-plugins.ts'
import { createLogger, stderrTarget } from './log.ts'
import { inWords, plainText } from './plain-text.ts'
import { print } from './print.ts'
import { readTlsFiles } from './read-tls-files.ts'
import { onStopSignals } from './signals.ts'
import { UsageError } from './usage-error.ts'

/** In milliseconds: how long a plugin may take to let go once the process was told twice to end. */
const LAST_GRACE = 1_000
/** The longest interval there is: all timers of Millrace's own are unreferenced and would let the process end by itself. */
const FOR_EVER = 2 ** 31 - 1

/**
 * `millrace serve`: listens until SIGTERM or SIGINT, then drains.
 *
 * @returns the exit code: 0, or 1 where work was cut off.
 * @throws what keeps it from listening.
 */
export async function runServe({ listeners: asked, tls, imports, plugins }: ServeCommand): Promise<number> {
  const pipeline = composeServing(await createRegistry(imports), plugins)
  const listeners = tls ? { ...asked, tls: { ...asked.tls, ...(await readTlsFiles(tls)) } } : asked
  const logger = await createLogger(stderrTarget(process.stderr))
  const events = new EventLog(logger, systemClock)
  const container = createContainer()
  container.register(LOGGER, { useValue: logger })
  const stop = new Stop(logger, events)
  const keepAlive = setInterval(() => {}, FOR_EVER)
  try {
    const serving = await serve(pipeline, { ...listeners, container, signal: stop.starting, onEvent: events.handle })
    return await stop.see(serving)
  } catch (error) {
    if (stop.starting.aborted && error === stop.starting.reason) return 0
    throw error
  } finally {
    clearInterval(keepAlive)
    stop.release()
    events.flush()
  }
}

/** @throws {@link UsageError}, {@link UnknownPluginError}, {@link InvalidOptionError}, {@link InvalidPipelineError} */
function composeServing(registry: PluginRegistry, texts: readonly PluginText[]): Pipeline<unknown, never, true> {
  const pipeline = composePipeline(texts.map((text) => registry.configure(text)))
  if (!pipeline.serves) {
    const handlers = registry.descriptions.filter(({ produces }) => produces === 'nothing').map(({ name }) => name)
    throw new UsageError(`the pipeline has no handler at its end: add ${inWords(handlers, 'or')}`)
  }
  return pipeline as Pipeline<unknown, never, true>
}

/** From the first signal to the end. */
class Stop {
  /** Aborts at a signal that comes before all listen. */
  readonly starting: AbortSignal
  readonly release: () => void
  readonly #logger: Logger
  readonly #events: EventLog
  #serving: Serving | undefined
  #giveUp: ((code: number) => void) | undefined

  constructor(logger: Logger, events: EventLog) {
    const starting = new AbortController()
    this.starting = starting.signal
    this.#logger = logger
    this.#events = events
    this.release = onStopSignals({
      drain: (signal) => {
        this.#logger.info({ signal }, 'draining')
        starting.abort()
        void this.#serving?.close()
      },
      abort: (signal) => this.#abort(signal),
    })
  }

  /** Says where it listens, and waits for the end. */
  async see(serving: Serving): Promise<number> {
    this.#serving = serving
    for (const [kind, address] of Object.entries(serving.addresses)) {
      await print(process.stdout, `listening ${kind} ${plainText(formatAddress(address))}\n`)
    }
    // Told to end between the last listener and here.
    if (this.starting.aborted) void serving.close()
    const givenUp = new Promise<number>((resolve) => (this.#giveUp = resolve))
    return Promise.race([serving.closed.then(({ cutOff }) => this.#end(cutOff)), givenUp])
  }

  /** What was counted is told before the last line. */
  #end(cutOff: number): number {
    this.#events.flush()
    if (cutOff === 0) this.#logger.info({ cutOff }, 'stopped')
    else this.#logger.warn({ cutOff }, 'stopped; work was cut off')
    return cutOff === 0 ? 0 : 1
  }

  #abort(signal: NodeJS.Signals): void {
    this.#logger.warn({ signal }, 'told again: ending at once')
    this.#serving?.abort(new ConnectionAbortedError(`the process was told twice to end (${signal})`))
    setTimeout(() => this.#giveUp?.(1), LAST_GRACE).unref()
  }
}
