import type { CloseInfo, ConnectionInfo } from '../connection/connection.ts'
import type { TlsInfo } from '../connection/tls-info.ts'
import type { UpgradeOptions } from '../connection/upgrade-options.ts'
import type { Clock } from '../connection/clock.ts'
import type { AsyncStage, Stage } from './stage.ts'
import type { Attributes } from './attributes.ts'
import type { MessageConnection } from './message-connection.ts'

/** Inbound is from the peer down the list of plugins, outbound back up it to the peer. */
export type Direction = 'inbound' | 'outbound'

/** What `accept` returns to turn a connection away. */
export interface Refusal {
  /** Why, in words, for the server's event. */
  readonly refuse: string
}

/** A plugin's two directions on one connection. One that is missing passes items on, and both its types are the same. */
export interface Stages<WireIn, MessageIn, MessageOut, WireOut> {
  readonly inbound?: Stage<WireIn, MessageIn> | AsyncStage<WireIn, MessageIn>
  readonly outbound?: Stage<MessageOut, WireOut> | AsyncStage<MessageOut, WireOut>
  /** Called once when the connection is gone, whatever ended it; in reverse order of the list. Must not return a promise. */
  readonly close?: (info: CloseInfo) => void
}

/**
 * Built once by the container, opened once per connection.
 *
 * @typeParam WireIn - what its inbound stage takes, from the peer's side.
 * @typeParam MessageIn - what its inbound stage emits, to the handler's side.
 * @typeParam MessageOut - what its outbound stage takes, from the handler's side.
 * @typeParam WireOut - what its outbound stage emits, to the peer's side.
 */
export interface Plugin<WireIn, MessageIn, MessageOut, WireOut> {
  readonly name: string
  /**
   * Asked by a server before anything is opened, in order; the first {@link Refusal} turns the connection away. A throw does
   * too, and is reported as a {@link PluginError}. A plugin behind one that gates is asked when that one proceeds, with what
   * it has changed. (Clients, and stateless serving, ask nobody.)
   */
  readonly accept?: (info: ConnectionInfo) => void | Refusal
  /** Gives the fresh stages of one connection. Must not keep state that belongs to a connection anywhere else, nor return a promise. */
  readonly open: (context: PluginContext) => Stages<WireIn, MessageIn, MessageOut, WireOut>
  /**
   * Serves the messages that reach the end of the list: only a handler has it, which is the last plugin and has no stages. When
   * it resolves, output ends, is flushed and half-closed; further input is discarded up to `lingerTimeout`; the connection closes.
   */
  readonly serve?: (connection: MessageConnection<WireIn, WireOut>) => Promise<void>
  /** Later plugins open only when this one calls {@link PluginContext.proceed}. */
  readonly gates?: boolean
  /** Keeps nothing from one datagram to the next, so that one set of stages can serve all peers (`stateless`). */
  readonly perDatagram?: boolean
  /** Releases what the plugin holds, once, when the server that built it has ended; in reverse order of building. */
  readonly dispose?: () => void | Promise<void>
}

/** What a plugin may change for those after it when it lets them open. */
export interface ProceedChanges {
  readonly remoteAddress?: ConnectionInfo['remoteAddress']
  readonly localAddress?: ConnectionInfo['localAddress']
}

/** What a plugin holds of one connection: one for each plugin and connection. Not to be used after the connection is gone. */
export interface PluginContext {
  readonly connection: ConnectionInfo
  /** Shared by the plugins of one connection. */
  readonly attributes: Attributes
  /** Aborts when the connection is gone. */
  readonly signal: AbortSignal
  /** Aborts when the server begins to drain: finish, take on nothing new. The connection's own: what listens to it goes with it. */
  readonly draining: AbortSignal
  readonly clock: Clock
  /**
   * Whether each item that comes down to this plugin is a whole frame, which says something by itself, as a datagram does. False
   * where bytes may be cut anywhere, behind a plugin that gives messages, and in a transform or operator, which cannot know.
   */
  readonly framed: boolean
  /**
   * Sends an item on inbound from beside this plugin, to the next one down the list: from a timer, say. Never throws: what
   * fails ends the connection. No effect once it is gone.
   */
  emitInbound(item: unknown): void
  /** Sends an item on outbound from beside this plugin, to the one above it in the list, towards the peer. Never throws. */
  emitOutbound(item: unknown): void
  /** Stops reading from the peer until the function it returns is called (idempotent). Several holds add up. */
  hold(): () => void
  /**
   * Since when the peer is being read without a break, by the {@link clock}; undefined while anything holds the reading. What
   * a peer has not sent by a time that lies before it is not the peer's fault.
   */
  readonly readingSince: number | undefined
  /**
   * Calls back just before each frame or message that the first framer from here on, down the list, gives. To be called in
   * `open`; describe the plugin with `needs: 'framer'`, so that it cannot stand where there is none.
   *
   * @throws {@link InvalidPipelineError} when it is called later.
   */
  watchFrames(callback: () => void): void
  /** Ends the connection with a {@link PluginError} whose cause this is. */
  fail(error: unknown): void
  /** Closes the connection: the outbound stages have their last word, what was written is flushed, nothing more is read. */
  close(): void
  /** Reports something of the plugin's own as a `plugin-event` of the server. */
  event(payload: unknown): void
  /**
   * For a plugin that `gates`: the later ones open now, with these changes. Idempotent. Called while the plugin itself is
   * being opened, it takes effect when `open` has returned.
   *
   * @throws {@link InvalidPipelineError} in a plugin that does not gate.
   */
  proceed(changes?: ProceedChanges): void
  /**
   * Puts TLS on the connection (STARTTLS and the like), behind everything that was written. Reading pauses at once; from then on
   * what comes is decrypted, what is written encrypted, and {@link ConnectionInfo.tls} is there. The stages above this plugin are
   * `reset`, so that nothing half read in the clear becomes a part of what comes in TLS.
   *
   * The plugin needs a synchronous inbound stage, and so does every one above it that has any: what an AsyncStage has read cannot be
   * told.
   *
   * @returns what the handshake has settled. The promise may be left alone.
   * @throws (as a rejection) {@link UpgradeError}. Reason `plaintext` is bytes that have come behind those that asked for TLS; it and
   * a handshake that fails (`TlsError`, `CertificateError`, `HandshakeTimeoutError`) end the connection.
   */
  upgrade(options: UpgradeOptions): Promise<TlsInfo>
}
