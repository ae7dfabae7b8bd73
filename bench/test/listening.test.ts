import { type AddressInfo, createServer, type Socket } from 'node:net'
import { createTcpServer, echo, pipeline } from 'millrace'
import { NEVER } from 'rxjs'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { listenOn } from '../peers/listening.ts'

/** A server that says which driver it has chosen, if it says anything, when it begins to listen. */
function server(chosen?: { readonly driver: string; readonly reason?: string }) {
  const observers = new Set<(event: { readonly type: string }) => void>()
  return {
    // Nobody listens there.
    address: { port: 1 },
    observers,
    events$: {
      subscribe(next: (event: { readonly type: string }) => void) {
        observers.add(next)
        return { unsubscribe: () => void observers.delete(next) }
      },
    },
    async listen() {
      for (const next of observers) {
        next({ type: 'listening' })
        if (chosen !== undefined) next({ type: 'driver-chosen', ...chosen })
      }
    },
  }
}

describe('where a server of ours listens', () => {
  test('is told with the driver it has chosen', async () => {
    expect(await listenOn(server({ driver: 'native' }))).toEqual({ port: 1, driver: 'native' })
  })

  test('is told with "node" where there was nothing to choose', async () => {
    expect(await listenOn(server())).toEqual({ port: 1, driver: 'node' })
  })

  test('leaves nobody watching', async () => {
    const one = server()
    await listenOn(one)
    expect(one.observers.size).toBe(0)
  })

  test('is an error where it is another driver than the row is about', async () => {
    await expect(listenOn(server({ driver: 'node', reason: 'no binary' }), 'native')).rejects.toThrow(/native.*no binary/)
    await expect(listenOn(server(), 'native')).rejects.toThrow('there is no other')
    expect(await listenOn(server({ driver: 'native' }), 'native')).toMatchObject({ driver: 'native' })
  })
})

describe('the path of a TCP server', () => {
  afterEach(() => vi.unstubAllEnvs())

  test('is public where Node makes sockets of its connections', async () => {
    const net = createServer((socket: Socket) => socket.pipe(socket))
    const listen = (options: { readonly port: number }) => new Promise<void>((resolve) => net.listen(options, resolve))
    const listenable = { events$: NEVER, listen, get address() { return net.address() as AddressInfo } }
    expect(await listenOn(listenable)).toMatchObject({ driver: 'node, public' })
    await new Promise((resolve) => net.close(resolve))
  })

  test.each([['public', 'public'], ['node', process.platform === 'win32' ? 'public' : 'handles']])(
    'of ours, with MILLRACE_DRIVER="%s", is %s',
    async (wanted, path) => {
      vi.stubEnv('MILLRACE_DRIVER', wanted)
      const ours = createTcpServer(pipeline(echo()))
      expect(await listenOn(ours)).toEqual({ port: ours.address?.port, driver: `node, ${path}` })
      await ours.close()
    },
  )
})
