import { EventEmitter, once } from 'node:events'
import { type AddressInfo, connect, createServer, Socket } from 'node:net'
import type { Server } from 'node:tls'
import { CLOCK, createContainer, resolveService, TlsError } from '@millrace/core'
import type { Clock } from '@millrace/core'
import { expect, test, vi } from 'vitest'
import { beneathTls, distrust } from '../src/tls/beneath-tls.ts'
import { Handshakes } from '../src/tls/handshakes.ts'
import type { StreamHandle } from '../src/ports/stream-binding.ts'

const remoteAddress = { family: 'IPv4', address: '127.0.0.1', port: 1 } as const
const clock = resolveService(createContainer(), CLOCK) as Clock

test('where Node can do nothing with a socket without streams, that handshake fails, and whole ones follow', async () => {
  const engine = new EventEmitter()
  engine.on('connection', () => {
    throw new TypeError('it lacks something')
  })
  const handshakes = new Handshakes(engine as unknown as Server)
  const init = { remoteAddress, clock, timeout: 0, onSecure: vi.fn<() => void>(), onFailure: vi.fn<(error: Error) => void>() }
  const close = vi.fn<(callback: () => void) => void>((callback) => callback())
  const lean = beneathTls({ close } as unknown as StreamHandle)
  expect(lean).toBeInstanceOf(Socket)
  handshakes.begin(lean, init)
  expect(close).toHaveBeenCalledOnce()
  expect(init.onFailure).toHaveBeenCalledOnce()
  expect(init.onFailure.mock.calls[0]?.[0]).toBeInstanceOf(TlsError)

  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  await once(client, 'connect')
  const whole = beneathTls((client as unknown as { readonly _handle: StreamHandle })._handle)
  expect(whole.constructor).toBe(Socket)
  // What goes wrong with these is nothing that one could do without.
  expect(distrust(whole)).toBe(false)
  expect(() => handshakes.begin(whole, init)).toThrow('it lacks something')
  whole.destroy()
  server.close()
  await once(server, 'close')
})
