import { type Connection, type PluginError, sendTo } from '@millrace/core'
import { pipe } from 'it-pipe'
import { concatMap, map, type OperatorFunction } from 'rxjs'
import { afterEach, describe, expect, test } from 'vitest'
import { asyncStage, type Failing, Fuse, push } from './support/failing-plugins.ts'
import { expectQuietProcess, failures } from './support/failures.ts'
import type { BytePlugin } from './support/faces.ts'
import { type ErrorEvent, startTrial, type Trial, type Trigger } from './support/one-fails.ts'

/** How a connection is served, by hand, with something in it that fails. */
interface Way {
  readonly name: string
  readonly serve: (fuse: Fuse) => (connection: Connection) => void
  readonly at: Partial<PluginError>
  readonly trigger?: Trigger
  /** Where a promise in its place is a value like any other. */
  readonly promises?: false
}

const plugin = (failing: Failing, fuse: Fuse): BytePlugin => failing(fuse)[0] as BytePlugin
const sendBack = (operator: OperatorFunction<Uint8Array, Uint8Array>) => (connection: Connection) => {
  connection.data$.pipe(operator, sendTo(connection)).subscribe()
}

const lifted = (name: string, failing: Failing, at: Way['at'], trigger?: Trigger): Way[] => [
  {
    name: `${name} as a transform`,
    serve: (fuse) => (connection) => void pipe(connection, plugin(failing, fuse).transform, connection),
    at,
    ...(trigger && { trigger }),
  },
  {
    name: `${name} as an operator`,
    serve: (fuse) => (connection) => sendBack(plugin(failing, fuse).operator)(connection),
    at,
    ...(trigger && { trigger }),
  },
]

const inAsyncStage = { plugin: 'boom', phase: 'asyncStage' } as const
const operator = { plugin: 'data$', phase: 'operator', offset: 9 } as const
const ways: readonly Way[] = [
  ...lifted('a stage', push, { plugin: 'boom', phase: 'push' }),
  ...lifted('an AsyncStage before its first await', asyncStage('before'), inAsyncStage, 'comes in'),
  ...lifted('an AsyncStage after an await', asyncStage('after'), inAsyncStage),
  {
    name: "RxJS's map",
    serve: (fuse) =>
      sendBack(
        map((chunk) => {
          fuse.onWord(chunk)
          return chunk
        }),
      ),
    at: operator,
    promises: false,
  },
  {
    name: "RxJS's concatMap",
    serve: (fuse) =>
      sendBack(
        concatMap(async (chunk) => {
          await fuse.onWord(chunk)
          return chunk
        }),
      ),
    at: operator,
  },
]

describe('what fails in a face ends its own connection alone, with one error that says where', () => {
  expectQuietProcess()
  let trial: Trial | undefined
  afterEach(() => trial?.end())

  for (const { name, serve, at, trigger = 'says the word', promises } of ways) {
    for (const protocol of ['tcp', 'udp'] as const) {
      for (const failure of failures) {
        if (promises === false && failure.name === 'a rejected promise') continue
        test(`${failure.name} in ${name}, over ${protocol}`, async () => {
          const fuse = new Fuse(failure.fail)
          trial = await startTrial(protocol, undefined, serve(fuse))
          const address = await trial.failOne(fuse, trigger)
          await trial.othersGoOn()
          expect(trial.errors).toHaveLength(1)
          const facts = { code: 'MILLRACE_ERR_PLUGIN_FAILED', direction: 'inbound', offset: expect.any(Number), ...at }
          expect(trial.errors[0]).toMatchObject({ type: 'connection-closed', error: facts })
          const { cause, remoteAddress } = (trial.errors[0] as ErrorEvent).error as PluginError
          expect(cause).toBe(failure.reason)
          if (address) expect(remoteAddress).toEqual(address)
          else expect(trial.otherAddresses).not.toContainEqual(remoteAddress)
        })
      }
    }
  }
})
