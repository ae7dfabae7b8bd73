import { abortingChecks } from './aborting-checks.ts'
import type { Capabilities, Check, PairLimits, TestedPair } from './check.ts'
import { closingChecks } from './closing-checks.ts'
import { dataChecks } from './data-checks.ts'
import { datagramChecks } from './datagram-checks.ts'
import { halfCloseChecks } from './half-close-checks.ts'
import { readingChecks } from './reading-checks.ts'
import { sinkChecks } from './sink-checks.ts'
import { transferChecks } from './transfer-checks.ts'
import { writingChecks } from './writing-checks.ts'

/** The two functions of a test runner: those of vitest and of `node:test` alike. */
export interface TestRunner {
  readonly describe: (name: string, body: () => void) => unknown
  readonly test: (name: string, body: () => Promise<void>) => unknown
}

/** Options of {@link describeConnection}: the test runner, and what the transport is like. */
export interface ConformanceOptions extends TestRunner {
  /** Each item is a datagram and there is no half-close. Default false. */
  readonly datagram?: boolean
  /** An end learns that the other one was closed. Default: a stream does, a datagram connection does not. */
  readonly noticesEnd?: boolean
  /**
   * An end learns that the other one was aborted. Default as `noticesEnd`; a Unix socket tells its peer a clean end
   * instead.
   */
  readonly resets?: boolean
  /**
   * What is no `Uint8Array` is refused by `write` itself. Default true; at the end of a pipeline the stages take what
   * is written.
   */
  readonly refusesItems?: boolean
  /** The most bytes that one datagram can carry. Default: there is no limit to check. */
  readonly maxDatagramSize?: number
  /**
   * Bytes that buffers outside of the process may hold, unread. Default 16 MiB, which is more than Linux gives a TCP
   * connection.
   */
  readonly inFlight?: number
}

const GROUPS: Readonly<Record<string, readonly Check[]>> = {
  source: readingChecks,
  data$: dataChecks,
  'write and drain': writingChecks,
  sink: sinkChecks,
  closeWrite: halfCloseChecks,
  'close and closed': closingChecks,
  abort: abortingChecks,
  'much data': transferChecks,
  datagrams: datagramChecks,
}

/**
 * Registers a test for each promise that a `Connection` makes. Every transport runs it, for either end of a connection;
 * one of your own can, too. It asserts with `node:assert` and registers with whatever runner it is given.
 *
 * @param makePair - makes both ends of a fresh connection, for each test, with timeouts off or long and the limits it
 * is given; nothing may wait unread at either end.
 *
 * @example
 * import { describe, test } from 'vitest'
 *
 * describeConnection('an in-memory pair', (limits) => {
 *   const [local, remote] = connectionPair(limits)
 *   return { local, remote }
 * }, { describe, test })
 */
export function describeConnection(
  name: string,
  makePair: (limits: Partial<PairLimits>) => Promise<TestedPair> | TestedPair,
  options: ConformanceOptions,
): void {
  const { describe, test } = options
  const capabilities = capabilitiesOf(options)
  describe(name, () => {
    for (const [group, checks] of Object.entries(GROUPS)) {
      const applying = checks.filter((check) => applies(check, capabilities))
      if (applying.length === 0) continue
      describe(group, () => {
        for (const check of applying) {
          test(check.promise, async () => {
            const pair = await makePair(check.limits ?? {})
            try {
              await check.run(pair, capabilities)
            } finally {
              await release(pair)
            }
          })
        }
      })
    }
  })
}

function capabilitiesOf({ datagram = false, noticesEnd = !datagram, ...rest }: ConformanceOptions): Capabilities {
  const { resets = noticesEnd, refusesItems = true, maxDatagramSize, inFlight = 16 * 1024 * 1024 } = rest
  return { datagram, noticesEnd, resets, refusesItems, maxDatagramSize, inFlight }
}

function applies({ only, needs }: Check, capabilities: Capabilities): boolean {
  if (needs && !capabilities[needs]) return false
  return only === undefined || (only === 'datagram') === capabilities.datagram
}

async function release({ local, remote, dispose }: TestedPair): Promise<void> {
  local.abort()
  remote.abort()
  await Promise.all([local.closed, remote.closed])
  await dispose?.()
}
