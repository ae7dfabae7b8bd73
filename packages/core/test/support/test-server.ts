import {
  type AbortOptions,
  type AnyPipeline,
  BaseServer,
  CLOCK,
  CONNECTION_OPTIONS,
  createContainer,
  resolveOptions,
  SERVER_OPTIONS,
  type ServerEvent,
  type ServerLimits,
} from '../../src/index.ts'
import type { VirtualClock } from '../../src/testing/index.ts'
import { FakeListener } from './fake-listener.ts'

export interface TestServer<C> {
  readonly server: BaseServer<C, AbortOptions>
  readonly listener: FakeListener
  readonly clock: VirtualClock
  readonly events: ServerEvent[]
}

/** A server over a listener whose connections are made by hand, on a virtual clock. */
export function testServer<C>(pipeline?: AnyPipeline, limits: Partial<ServerLimits> = {}): TestServer<C> {
  const listener = new FakeListener()
  const container = createContainer()
  container.register(CLOCK, { useValue: listener.clock })
  const { highWaterMark } = CONNECTION_OPTIONS
  const resolved = resolveOptions('server', { ...SERVER_OPTIONS, highWaterMark }, limits)
  const server = new BaseServer<C, AbortOptions>({ listener, pipeline, container, limits: resolved })
  const events: ServerEvent[] = []
  server.events$.subscribe((event) => events.push(event))
  return { server, listener, clock: listener.clock, events }
}

/** Lets the memory pairs do what they have to: they know no time, only turns. */
export async function turns(count = 20): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}
