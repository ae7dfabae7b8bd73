import { type PluginError, pipeline } from '@millrace/core'
import { afterEach, describe, expect, test } from 'vitest'
import { type Failing, Fuse, places } from './support/failing-plugins.ts'
import { expectQuietProcess, failures } from './support/failures.ts'
import { type ErrorEvent, type Protocol, startTrial, type Trial, type Trigger } from './support/one-fails.ts'
import type { ServingPipeline } from './support/transports.ts'

const serving = pipeline as unknown as (...plugins: readonly unknown[]) => ServingPipeline

/** What the one error says. The connection has sent `hello`, got it back, and then what it fails for. */
interface Row {
  readonly trigger: Trigger
  readonly at: Partial<Pick<PluginError, 'plugin' | 'direction' | 'phase' | 'offset'>>
  readonly only?: Protocol
  /**
   * For a promise, as an async function in that place gives it. Where `TypeError`, the promise itself is the
   * mistake, whatever comes of it: what is asked for there is needed at once. Else its rejection comes late, when
   * all has gone that had come.
   */
  readonly promise?: typeof TypeError | { readonly offset: number }
}

const rows: Readonly<Record<keyof typeof places, Row>> = {
  accept: { trigger: 'comes in', at: { phase: 'accept', offset: 0 }, promise: TypeError },
  open: { trigger: 'comes in', at: { phase: 'open', offset: 0 }, promise: TypeError },
  push: { trigger: 'says the word', at: { phase: 'push', offset: 5 }, promise: { offset: 9 } },
  endOfDatagram: {
    trigger: 'says the word',
    at: { phase: 'endOfDatagram', offset: 5 },
    only: 'udp',
    promise: { offset: 9 },
  },
  end: { trigger: 'ends', at: { phase: 'end', offset: 9 } },
  'an AsyncStage, called': { trigger: 'comes in', at: { phase: 'asyncStage', offset: 0 }, promise: TypeError },
  'an AsyncStage before its first await': { trigger: 'comes in', at: { phase: 'asyncStage' } },
  'an AsyncStage after an await': { trigger: 'says the word', at: { phase: 'asyncStage', offset: 9 } },
  'a timer': { trigger: 'says the word', at: { phase: 'timer', offset: 9 } },
  "a timer's emitOutbound": {
    trigger: 'says the word',
    at: { plugin: 'above', direction: 'outbound', phase: 'push', offset: 9 },
  },
  'an outbound push': { trigger: 'says the word', at: { direction: 'outbound', phase: 'push', offset: 5 } },
  close: { trigger: 'ends', at: { phase: 'close', offset: 9 }, promise: TypeError },
  'handle, at once': { trigger: 'comes in', at: { plugin: 'handle', phase: 'handler' } },
  'handle, after an await': { trigger: 'says the word', at: { plugin: 'handle', phase: 'handler', offset: 9 } },
  respond: { trigger: 'says the word', at: { plugin: 'respond', phase: 'handler', offset: 9 } },
}

const cases = Object.entries(rows).flatMap(([place, row]) =>
  (['tcp', 'udp'] as const).flatMap((protocol) =>
    failures.flatMap((failure) => (row.only && row.only !== protocol ? [] : [{ place, row, protocol, failure }])),
  ),
)

describe('a plugin that fails ends its own connection alone, with one error that says where', () => {
  expectQuietProcess()
  let trial: Trial | undefined
  afterEach(() => trial?.end())

  for (const { place, row, protocol, failure } of cases) {
    test(`${failure.name} in ${place}, over ${protocol}`, async () => {
      const isPromise = failure.name === 'a rejected promise'
      const fuse = new Fuse(failure.fail)
      const plugins = (places[place as keyof typeof places] as Failing)(fuse)
      trial = await startTrial(protocol, serving(...plugins))
      const address = await trial.failOne(fuse, row.trigger)
      await trial.othersGoOn()
      expect(trial.errors).toHaveLength(1)
      const refused = place === 'accept'
      const [event] = trial.errors
      const late = isPromise && row.promise !== TypeError ? row.promise : {}
      expect(event).toMatchObject({
        type: refused ? 'connection-refused' : 'connection-closed',
        error: { code: 'MILLRACE_ERR_PLUGIN_FAILED', plugin: 'boom', direction: 'inbound', ...row.at, ...late },
      })
      const { cause, remoteAddress } = (event as ErrorEvent).error as PluginError
      if (address) expect(remoteAddress).toEqual(address)
      else expect(trial.otherAddresses).not.toContainEqual(remoteAddress)
      if (isPromise && row.promise === TypeError) expect(cause).toBeInstanceOf(TypeError)
      else expect(cause).toBe(failure.reason)
      expect(trial.server.counters).toMatchObject({ failed: refused ? 0 : 1, refused: refused ? 1 : 0 })
    })
  }
})
