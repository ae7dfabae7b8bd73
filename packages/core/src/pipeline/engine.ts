import type { BaseConnection } from '../connection/base-connection.ts'
import type { Clock, Timer } from '../connection/clock.ts'
import type { ConnectionInfo } from '../connection/connection.ts'
import type { PluginError, PluginPhase } from '../errors/pipeline-errors.ts'
import type { TlsInfo } from '../connection/tls-info.ts'
import type { UpgradeOptions } from '../connection/upgrade-options.ts'
import type { ServerEvent } from '../server/events.ts'
import type { AsyncLinkOwner } from './async-link.ts'
import type { Attributes } from './attributes.ts'
import type { Chain } from './chain.ts'
import type { Intake } from './intake.ts'
import type { Entry, Next, Site } from './link.ts'
import type { MessageConnection } from './message-connection.ts'
import type { ProceedChanges } from './plugin.ts'

/** What one run may use and must keep to; shared by all runs of a server. */
export interface RunOptions {
  readonly highWaterMark: number
  /** In bytes. */
  readonly maxPushBytes: number
  /** In ms; 0 waits without end. */
  readonly lingerTimeout: number
  readonly clock: Clock
  readonly draining: AbortSignal
  /** Whether plugins behind a gate are asked whether they accept, as those before it were: on a server. Default not. */
  readonly admits?: boolean
  readonly report: (event: ServerEvent) => void
}

/** The handler's end of a run, as what serves it holds it. */
export interface ServedMessages extends MessageConnection<unknown, unknown> {
  /** Requests that are being answered. */
  answering: number
}

/** A run as its parts see it: the chain, its ends, the messages, the plugins' contexts. */
export interface Engine extends AsyncLinkOwner {
  readonly connection: BaseConnection
  readonly attributes: Attributes
  readonly options: RunOptions
  /** As the plugins see the connection: a gating plugin may have changed it. */
  readonly info: ConnectionInfo
  readonly messages: ServedMessages & Next
  readonly chain: Pick<Chain, 'watchFrames'>
  readonly intake: Pick<Intake, 'readingSince'>
  /** That of {@link options}, for this connection alone. */
  readonly draining: AbortSignal
  /** The plugin whose items go to the peer as they are. */
  readonly lastToWrite: string
  /** Resolves when the outbound stages have had their last word, or the run is over. */
  readonly outputOver: Promise<void>

  /** A plugin that gates lets the later ones open. */
  proceed(index: number, changes: ProceedChanges | undefined): void
  /** Puts TLS on the connection, for a plugin. */
  upgrade(site: Site, options: UpgradeOptions): Promise<TlsInfo>
  /** Stops reading until the function it returns is called. */
  hold(): () => void
  /** Sends an item on inbound from an entry beside a plugin. */
  emitInbound(below: Entry, item: unknown): void
  emitOutbound(above: Entry, item: unknown): void
  /** As the clock of {@link options}, but what is scheduled ends with the run. */
  schedule(callback: () => void, delay: number): Timer
  /** What the handler, or anyone who holds the messages, writes. */
  emitFromHandler(item: unknown): void
  /** Takes the last message in: the outbound stages have their last word, then the wire ends. Idempotent. */
  endOutput(): void
  /** As {@link endOutput}, and the connection closes after. */
  close(): void
  /** The wire's end has been reached by the outbound direction. */
  onWireEnd(): void
  /** The last message has come. A session that nobody serves is over then: it has no other end. */
  onMessagesEnd(): void
  /**
   * An error that the input ended with has come to the end of the inbound direction.
   *
   * @param isRead - somebody reads there, who has been told of it, or will be.
   */
  onBroken(isRead: boolean): void
  /** A reader of the messages was told of a failure. @param pulls - its code will run in a later turn. */
  onTold(pulls: boolean): void
  /** A sink has failed with what its source threw. */
  onSinkFailed(error: unknown): void
  /** Runs the handler, whose end is the end of the output. */
  serve(plugin: string, serve: (messages: ServedMessages) => Promise<void>): void
  /** What a plugin threw, as the one error that names the place. */
  toError(thrown: unknown, site: Site, phase: PluginPhase): PluginError
}
