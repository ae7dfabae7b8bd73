/** What to do when the process is told to end. */
export interface StopHandlers {
  /** At the first SIGTERM or SIGINT. */
  readonly drain: (signal: NodeJS.Signals) => void
  /** At the second. */
  readonly abort: (signal: NodeJS.Signals) => void
}

const SIGNALS: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT']

/**
 * Watches for SIGTERM and SIGINT. From the second on they have their usual effect again, so that a third ends a process that hangs.
 *
 * @returns stops watching.
 */
export function onStopSignals({ drain, abort }: StopHandlers): () => void {
  let told = false
  const release = (): void => {
    for (const signal of SIGNALS) process.off(signal, onSignal)
  }
  const onSignal = (signal: NodeJS.Signals): void => {
    if (!told) {
      told = true
      drain(signal)
    } else {
      release()
      abort(signal)
    }
  }
  for (const signal of SIGNALS) process.on(signal, onSignal)
  return release
}
