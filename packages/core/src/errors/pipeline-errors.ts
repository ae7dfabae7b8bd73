import { formatAddress, type SocketAddress } from '../connection/socket-address.ts'
import type { Direction } from '../pipeline/plugin.ts'
import { MillraceError } from './base.ts'

/** Where in a plugin's life on one connection it failed. */
export type PluginPhase =
  | 'accept'
  | 'open'
  | 'push'
  | 'endOfDatagram'
  | 'end'
  | 'reset'
  | 'close'
  | 'asyncStage'
  | 'emit'
  | 'timer'
  | 'fail'
  | 'handler'
  | 'operator'

/** The place a {@link PluginError} speaks of. */
export interface PluginErrorSite {
  readonly plugin: string
  readonly direction: Direction
  readonly phase: PluginPhase
  readonly remoteAddress: SocketAddress | undefined
  /**
   * How many bytes of that direction had gone before the item that failed: inbound, bytes read from the peer; outbound,
   * bytes written to it.
   */
  readonly offset: number
}

const describe = (thrown: unknown): string => {
  if (thrown instanceof Error) return `${thrown.name}: ${thrown.message}`
  return `threw ${thrown === null ? 'null' : typeof thrown}, which is no Error`
}

/** A plugin, or the handler, failed on one connection. What it threw is the `cause`, an `Error` or not. */
export class PluginError extends MillraceError implements PluginErrorSite {
  readonly code = 'MILLRACE_ERR_PLUGIN_FAILED'
  readonly plugin: string
  readonly direction: Direction
  readonly phase: PluginPhase
  readonly remoteAddress: SocketAddress | undefined
  readonly offset: number

  constructor(site: PluginErrorSite, cause: unknown) {
    const peer = site.remoteAddress ? ` from ${formatAddress(site.remoteAddress)}` : ''
    super(
      'PluginError',
      `plugin "${site.plugin}" failed in ${site.phase} (${site.direction}${peer}, byte ${site.offset}): ${describe(cause)}`,
      { cause },
    )
    this.plugin = site.plugin
    this.direction = site.direction
    this.phase = site.phase
    this.remoteAddress = site.remoteAddress
    this.offset = site.offset
  }
}

/** A plugin could not be built: a constructor that throws, a parameter without a token, a cycle, an unknown token. */
export class PluginBuildError extends MillraceError {
  readonly code = 'MILLRACE_ERR_PLUGIN_BUILD'
  readonly plugin: string
  constructor(plugin: string, reason: string, options?: ErrorOptions) {
    super('PluginBuildError', `plugin "${plugin}" cannot be built: ${reason}`, options)
    this.plugin = plugin
  }
}

/** One `push` emitted more than `maxPushBytes`. Thrown into the stage at the emit that went over. */
export class PushLimitError extends MillraceError {
  readonly code = 'MILLRACE_ERR_PUSH_LIMIT'
  /** In bytes. */
  readonly limit: number
  constructor(limit: number) {
    super('PushLimitError', `one push emitted more than ${limit} bytes (maxPushBytes)`)
    this.limit = limit
  }
}

/** The plugins do not fit each other, or the place they were given to: a wrong joint, no handler, a second handler. */
export class InvalidPipelineError extends MillraceError {
  readonly code = 'MILLRACE_ERR_INVALID_PIPELINE'
  constructor(message: string) {
    super('InvalidPipelineError', message)
  }
}

/** No plugin has this name. */
export class UnknownPluginError extends MillraceError {
  readonly code = 'MILLRACE_ERR_UNKNOWN_PLUGIN'
  readonly plugin: string
  /** The known name nearest to it, where one is near. */
  readonly suggestion: string | undefined
  constructor(plugin: string, suggestion: string | undefined) {
    super('UnknownPluginError', `unknown plugin "${plugin}"${suggestion ? `; did you mean "${suggestion}"?` : ''}`)
    this.plugin = plugin
    this.suggestion = suggestion
  }
}
