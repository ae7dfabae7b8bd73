import { Attributes, type ConnectionInfo, type PluginContext } from '@millrace/core'

/** The context of a plugin on a connection that does not exist: its facts, its time and what comes of it are open. */
export class FakeContext implements PluginContext {
  readonly facts = { bytesRead: 0, bytesWritten: 0, time: 0 }
  readonly events: unknown[] = []
  /** What the plugin has sent towards the peer. */
  readonly sent: unknown[] = []
  readonly connection: ConnectionInfo
  framed = false
  readonly attributes: Attributes = new Attributes()
  readonly signal: AbortSignal = new AbortController().signal
  readonly draining: AbortSignal = new AbortController().signal
  readonly clock = { now: (): number => this.facts.time, schedule: () => this.#refuse('schedule') }

  constructor(info: Partial<ConnectionInfo> = {}) {
    const { facts } = this
    const localAddress = { address: '127.0.0.1', port: 10000, family: 'IPv4' } as const
    const remoteAddress = { address: '127.0.0.1', port: 40000, family: 'IPv4' } as const
    this.connection = {
      id: 'fake-1',
      transport: 'tcp',
      datagram: false,
      localAddress,
      remoteAddress,
      get bytesRead() { return facts.bytesRead },
      get bytesWritten() { return facts.bytesWritten },
      ...info,
    }
  }

  event(payload: unknown): void {
    this.events.push(payload)
  }

  emitInbound = (): never => this.#refuse('emitInbound')
  emitOutbound = (item: unknown): void => void this.sent.push(item)
  readonly readingSince = undefined
  watchFrames = (): never => this.#refuse('watchFrames')
  hold = (): never => this.#refuse('hold')
  fail = (): never => this.#refuse('fail')
  close = (): never => this.#refuse('close')
  proceed = (): never => this.#refuse('proceed')
  upgrade = (): never => this.#refuse('upgrade')

  #refuse(what: string): never {
    throw new Error(`${what} was called`)
  }
}
