import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { Child } from './support/child.ts'
import type { Seen } from './support/reset-server.ts'
import { describeOnTcpDrivers } from './support/tcp-drivers.ts'

/** How many in each phase, and how many of them at a time. */
const EACH = 240
const AT_A_TIME = 48

/** Where the servers listen: three that echo, one in each face, and two for phases of their own. */
interface Ports {
  readonly echo: readonly number[]
  readonly frames: readonly number[]
  readonly pours: readonly number[]
}

interface Phase {
  readonly name: string
  readonly port: keyof Ports
  /** Reset before the server has said, by a first byte, that it has it. */
  readonly ungreeted?: true
  /** Brings a socket to where it is reset. */
  readonly before: (socket: Socket) => Promise<unknown>
}

const half = Buffer.alloc(500, 'f')
const much = Buffer.alloc(256 * 1024, 'm')

const phases: readonly Phase[] = [
  { name: 'while being accepted', port: 'echo', ungreeted: true, before: async () => {} },
  { name: 'after being accepted', port: 'echo', before: async () => {} },
  {
    name: 'in the middle of its writing',
    port: 'echo',
    before: async (socket) => {
      socket.write(much)
      await once(socket, 'data')
    },
  },
  {
    name: 'after its FIN',
    port: 'echo',
    before: async (socket) => {
      socket.end('last words')
      await once(socket, 'finish')
    },
  },
  { name: 'while the server writes', port: 'pours', before: (socket) => once(socket, 'data') },
  {
    name: 'before an asynchronous stage reads',
    port: 'echo',
    before: async (socket) => {
      await new Promise((resolve) => socket.write('unread', resolve))
    },
  },
  {
    name: 'in the middle of a frame',
    port: 'frames',
    before: async (socket) => {
      socket.write(Buffer.concat([half, half, half]))
      for (let received = 0; received < 1000; ) received += ((await once(socket, 'data')) as [Buffer])[0].length
    },
  },
]

async function resetOnce(port: number, { before, ungreeted }: Phase): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => {})
  const closed = once(socket, 'close')
  await once(socket, ungreeted ? 'connect' : 'data')
  await before(socket)
  socket.resetAndDestroy()
  await closed
}

describeOnTcpDrivers('1,680 resets', () => {
  let child: Child
  let ports: Ports
  let baseline: number
  beforeAll(async () => {
    child = new Child(new URL('support/reset-server.ts', import.meta.url))
    const all = await child.next<number[]>()
    ports = { echo: all.slice(0, 3), frames: all.slice(3, 4), pours: all.slice(4) }
    await freshEchoes()
    // A client has its answer a little before the server lets the descriptor go.
    await vi.waitFor(async () => {
      const { opened, closed, descriptors } = await child.ask<Seen>('seen')
      expect(closed).toBe(opened)
      baseline = descriptors
    })
  })
  afterAll(() => child.kill())

  async function freshEchoes(): Promise<void> {
    for (const port of ports.echo) {
      const socket = connect(port, '127.0.0.1')
      socket.end('fresh')
      let answer = ''
      for await (const chunk of socket) answer += String(chunk)
      expect(answer).toBe('>FRESH')
    }
  }

  for (const phase of phases) {
    test(`leave the server as it was, and are told once at most: ${phase.name}`, async () => {
      const { opened } = await child.ask<Seen>('before')
      for (let done = 0; done < EACH; done += AT_A_TIME) {
        const among = ports[phase.port]
        const targets = Array.from({ length: AT_A_TIME }, (_, i) => among[i % among.length] as number)
        await Promise.all(targets.map((port) => resetOnce(port, phase)))
      }
      await freshEchoes()
      await vi.waitFor(async () => {
        const seen = await child.ask<Seen>('after')
        expect(seen.closed).toBe(seen.opened)
        expect(seen.descriptors).toBe(baseline)
        expect(seen).toMatchObject({ reportedTwice: 0, otherErrors: [], cutFrames: 0, warnings: [] })
        // One that was reset before it could be accepted is no connection.
        if (phase.ungreeted) expect(seen.opened).toBeGreaterThanOrEqual(opened + ports.echo.length)
        else expect(seen.opened).toBe(opened + EACH + ports.echo.length)
      }, { timeout: 5_000 })
      expect(child.process.exitCode).toBeNull()
      expect(child.output).toBe('')
    })
  }
})
