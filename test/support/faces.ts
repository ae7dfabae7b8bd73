import { type Connection, pipeline, sendTo } from '@millrace/core'
import { echo } from '@millrace/plugins'
import { pipe } from 'it-pipe'
import type { ConfiguredPlugin } from '@millrace/core'
import type { Running, ServingPipeline, TestTransport } from './transports.ts'

/** A plugin of bytes, as the tests put them together. */
export type BytePlugin = ConfiguredPlugin<Uint8Array, Uint8Array, Uint8Array, Uint8Array>

/** One way to run a list of plugins that is followed by an echo. */
export interface Face {
  readonly name: 'pipeline' | 'transforms' | 'operators'
  start(transport: TestTransport, plugins: readonly BytePlugin[]): Promise<Running>
}

/** A pipeline of plugins whose number the compiler does not know. */
function echoPipeline(plugins: readonly BytePlugin[]): ServingPipeline {
  const compose = pipeline as (...list: readonly unknown[]) => unknown
  return compose(...plugins, echo()) as ServingPipeline
}

const onEach = async (transport: TestTransport, serve: (connection: Connection) => void): Promise<Running> => {
  const running = await transport.start()
  running.server.connections$.subscribe(serve)
  return running
}

const through = pipe as (...stages: readonly unknown[]) => Promise<void>

/** The three faces. */
export const faces: readonly Face[] = [
  { name: 'pipeline', start: (transport, plugins) => transport.start(echoPipeline(plugins)) },
  {
    name: 'transforms',
    start: (transport, plugins) =>
      onEach(transport, (connection) => {
        void through(connection, ...plugins.map(({ transform }) => transform), connection)
      }),
  },
  {
    name: 'operators',
    start: (transport, plugins) =>
      onEach(transport, (connection) => {
        const output = plugins.reduce((source, { operator }) => operator(source), connection.data$)
        output.pipe(sendTo(connection)).subscribe()
      }),
  },
]
