import { serve } from 'millrace'
import {
  definePlugin,
  injectable,
  pipeline,
  PluginBuildError,
  type PluginDescription,
  type ServerEvent,
  type Stages,
  use,
} from '@millrace/core'
import { echo } from '@millrace/plugins'
import { connectTcp, createTcpServer } from '@millrace/tcp'
import { createUdpServer } from '@millrace/udp'
import { describe, expect, test } from 'vitest'
import { expectQuietProcess, failures } from './support/failures.ts'

const description: PluginDescription = { name: 'boom', help: '', options: {}, accepts: 'bytes', produces: 'bytes' }

describe('a plugin that cannot be built', () => {
  expectQuietProcess()
  for (const { name, fail, reason } of failures.slice(0, 4)) {
    test(`throws ${name} in its constructor: no server is made`, async () => {
      class Boom {
        static readonly description = description
        readonly name = 'boom'
        constructor() {
          fail()
        }
        open(): Stages<Uint8Array, Uint8Array, Uint8Array, Uint8Array> {
          return {}
        }
      }
      injectable()(Boom)
      const failing = pipeline(use(Boom), echo())
      const refused = expect.objectContaining({ code: 'MILLRACE_ERR_PLUGIN_BUILD', plugin: 'boom', cause: reason })
      const thrownBy = (make: () => unknown): unknown => {
        try {
          return make()
        } catch (error) {
          return error
        }
      }
      for (const make of [() => createTcpServer(failing), () => createUdpServer(failing)]) {
        const error = thrownBy(make)
        expect(error).toBeInstanceOf(PluginBuildError)
        expect(error).toEqual(refused)
      }
      await expect(serve(failing, { tcp: { port: 0 } })).rejects.toEqual(refused)
    })
  }
})

describe('a plugin that fails to let go', () => {
  expectQuietProcess()
  for (const { name, fail, reason } of failures) {
    test(`gives ${name} from dispose: the server closes, and says so once`, async () => {
      const boom = definePlugin({ name: 'boom', open: () => ({}), dispose: () => fail() as Promise<void> })
      const server = await createTcpServer(pipeline(boom(), echo())).listen({ port: 0 })
      const errors: ServerEvent[] = []
      server.events$.subscribe((event) => void ('error' in event && errors.push(event)))
      const client = await connectTcp({ port: server.address?.port ?? 0 })
      await client.close()
      await server.close()
      expect(errors).toHaveLength(1)
      const failed = { type: 'listener-error', error: { message: expect.stringContaining('boom'), errors: [reason] } }
      expect(errors[0]).toMatchObject(failed)
    })
  }
})
