import {
  CLOCK,
  ConnectError,
  type Connection,
  createContainer,
  type DependencyContainer,
  type Server,
  type ServerEvent,
  type SocketAddress,
} from '@millrace/core'
import { VirtualClock } from '@millrace/core/testing'
import { connectTcp, createTcpServer } from '@millrace/tcp'
import { connectUdp, createUdpServer } from '@millrace/udp'
import { expect, vi } from 'vitest'
import { type Fuse, WORD } from './failing-plugins.ts'
import type { Running, ServingPipeline } from './transports.ts'

/** An event that reports an error. */
export type ErrorEvent = ServerEvent & { readonly error: Error }

/** What a connection does that is to fail. */
export type Trigger = 'comes in' | 'says the word' | 'ends'

/** A server with a clock of its own, five connections that it is to go on serving, and what has failed in it. */
export interface Trial {
  readonly server: Running['server']
  readonly errors: ErrorEvent[]
  /**
   * Makes a sixth connection fail.
   *
   * @returns its address, when its failure has been reported; undefined where it was reset before it knew that it
   * was connected.
   */
  failOne(fuse: Fuse, trigger: Trigger): Promise<SocketAddress | undefined>
  /** Throws unless each of the five still gets its echo. */
  othersGoOn(): Promise<void>
  /** Of the five. */
  readonly otherAddresses: readonly SocketAddress[]
  end(): Promise<void>
}

export type Protocol = 'tcp' | 'udp'

async function listen(
  protocol: Protocol,
  pipeline: ServingPipeline | undefined,
  container: DependencyContainer,
): Promise<Running> {
  const create = (protocol === 'tcp' ? createTcpServer : createUdpServer) as (...parts: readonly unknown[]) => unknown
  const server = create(pipeline, { container }) as Server<Connection, object>
  await server.listen({ port: 0 })
  const { port = 0 } = server.address ?? {}
  return { server, connect: () => (protocol === 'tcp' ? connectTcp({ port }) : connectUdp({ port })) }
}

const hasError = (event: ServerEvent): event is ErrorEvent => 'error' in event && event.error !== undefined

/** Who is turned away with a reset may learn it in place of being connected. */
function unlessReset(connecting: Promise<Connection>): Promise<Connection | undefined> {
  return connecting.catch((error: unknown) => {
    if (error instanceof ConnectError && (error.cause as NodeJS.ErrnoException).code === 'ECONNRESET') return undefined
    throw error
  })
}

/** What the connection says comes back. A later chunk stays for the next reader. */
async function echoed(connection: Connection, text: string): Promise<void> {
  connection.write(Buffer.from(text))
  let answer = ''
  for await (const chunk of connection) {
    answer += Buffer.from(chunk).toString()
    if (answer.length >= text.length) break
  }
  expect(answer).toBe(text)
}

/** @param serve - serves each connection where there is no pipeline. */
export async function startTrial(
  protocol: Protocol,
  pipeline?: ServingPipeline,
  serve?: (connection: Connection) => void,
): Promise<Trial> {
  const clock = new VirtualClock()
  const container = createContainer()
  container.register(CLOCK, { useValue: clock })
  const { server, connect } = await listen(protocol, pipeline, container)
  const errors: ErrorEvent[] = []
  server.events$.subscribe((event) => {
    if (hasError(event)) errors.push(event)
  })
  if (serve) server.connections$.subscribe(serve)
  const others = await Promise.all(Array.from({ length: 5 }, connect))
  const opened: Connection[] = [...others]
  const allEcho = async (text: string): Promise<void> => {
    await Promise.all(others.map((connection) => echoed(connection, text)))
  }
  await allEcho('first')

  const failOne = async (fuse: Fuse, trigger: Trigger): Promise<SocketAddress | undefined> => {
    fuse.armed = trigger === 'comes in'
    const connection = await unlessReset(connect())
    if (connection) opened.push(connection)
    if (connection === undefined || trigger === 'comes in') {
      connection?.write(Buffer.from('hello'))
    } else {
      await echoed(connection, 'hello')
      connection.write(Buffer.from(WORD))
      await vi.waitFor(() => expect(fuse.seen).toBe(true), { interval: 1 })
    }
    if (trigger === 'ends' && protocol === 'tcp') await connection?.closeWrite()
    // Whatever waits for the clock: a timer of a plugin's, and over UDP the idle timeout, which is a session's end.
    const wait = trigger === 'ends' && protocol === 'udp' ? 31_000 : 100
    await vi.waitFor(() => {
      clock.advance(wait)
      expect(errors).not.toEqual([])
    }, { interval: 1 })
    return connection?.localAddress
  }
  const end = async (): Promise<void> => {
    for (const connection of opened) connection.abort()
    server.abort()
    await server.closed
  }
  const otherAddresses = others.map(({ localAddress }) => localAddress)
  return { server, errors, failOne, othersGoOn: () => allEcho('again'), otherAddresses, end }
}
