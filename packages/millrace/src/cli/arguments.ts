import { nearest, type OptionDescription, type PluginText, readOptionText } from '@millrace/core'
import { TCP_LISTEN_OPTIONS } from '@millrace/tcp'
import type { ListenerKind, ServeOptions } from '../serve-options.ts'
import { type Endpoint, parseEndpoint } from './endpoint.ts'
import { parsePluginText } from './plugin-text.ts'
import { readServerFlags, SERVER_FLAGS, uselessFlag } from './server-flags.ts'
import { UsageError } from './usage-error.ts'
import { splitWords, type Vocabulary, type Words } from './words.ts'

/** `millrace serve`, taken apart. */
export interface ServeCommand {
  readonly command: 'serve'
  readonly listeners: Pick<ServeOptions, ListenerKind>
  readonly imports: readonly string[]
  readonly plugins: readonly PluginText[]
}

/** `millrace connect`, taken apart. */
export interface ConnectCommand {
  readonly command: 'connect'
  readonly endpoint: Endpoint
  /** Over UDP: silence after the end of stdin, in milliseconds. */
  readonly wait: number
  readonly imports: readonly string[]
  readonly plugins: readonly PluginText[]
}

/** `millrace plugins`, taken apart. */
export interface PluginsCommand {
  readonly command: 'plugins'
  readonly json: boolean
  readonly imports: readonly string[]
}

/** `--help`, of the whole or of one command. */
export interface HelpCommand {
  readonly command: 'help'
  readonly topic: CommandName | undefined
  readonly imports: readonly string[]
}

/** The commands there are. */
export type CommandName = 'serve' | 'connect' | 'plugins'

/** What a command line asks for. */
export type Command = ServeCommand | ConnectCommand | PluginsCommand | HelpCommand | { readonly command: 'version' }

/** `--wait` of `connect`. */
export const WAIT_OPTION: OptionDescription & { readonly default: number } = {
  type: 'integer',
  unit: 'ms',
  range: [0, 2 ** 31 - 1],
  default: 1_000,
  help: 'over UDP: how long the peer must be silent after the end of stdin',
}

const COMMANDS: readonly CommandName[] = ['serve', 'connect', 'plugins']
const TLS_FLAGS = ['tls', 'cert', 'key', 'handshake-timeout']
const VOCABULARIES: Readonly<Record<CommandName, Vocabulary>> = {
  serve: { flags: ['host', 'tcp', 'udp', 'unix', 'import', ...TLS_FLAGS, ...SERVER_FLAGS.keys()], switches: ['help'] },
  connect: { flags: ['wait', 'import'], switches: ['help'] },
  plugins: { flags: ['import'], switches: ['help', 'json'] },
}

/**
 * Reads a command line.
 *
 * @param args - without the program: `process.argv.slice(2)`.
 * @throws {@link UsageError}, {@link InvalidOptionError}
 */
export function parseArguments(args: readonly string[]): Command {
  const [name, ...rest] = args
  if (name === undefined || name === '--help' || name === '-h') return { command: 'help', topic: undefined, imports: [] }
  if (name === '--version') return { command: 'version' }
  if (!isCommandName(name)) throw unknownCommand(name)
  const words = splitWords(VOCABULARIES[name], rest)
  if (words.switches.has('help')) return { command: 'help', topic: name, imports: words.imports }
  switch (name) {
    case 'serve':
      return serveCommand(words)
    case 'connect':
      return connectCommand(words)
    case 'plugins':
      return pluginsCommand(words)
  }
}

function isCommandName(name: string): name is CommandName {
  return (COMMANDS as readonly string[]).includes(name)
}

function unknownCommand(name: string): UsageError {
  if (name.startsWith('-')) return new UsageError(`unknown flag "${name}"; "millrace --help" tells what there is`)
  const suggestion = nearest(name, COMMANDS)
  const hint = suggestion ? `did you mean "${suggestion}"?` : '"millrace --help" tells what there is'
  return new UsageError(`unknown command "${name}"; ${hint}`)
}

function serveCommand({ flags, imports, positionals }: Words): ServeCommand {
  const tls = TLS_FLAGS.find((flag) => flags.has(flag))
  if (tls !== undefined) throw new UsageError(`--${tls}: TLS is not built in yet; serve with --tcp, --udp or --unix`)
  const { host, tcp, udp, unix, ...others } = Object.fromEntries(flags)
  const kinds = (['tcp', 'udp', 'unix'] as const).filter((kind) => flags.has(kind))
  if (kinds.length === 0) throw new UsageError('serve needs a listener: --tcp PORT, --udp PORT or --unix PATH')
  if (host !== undefined && tcp === undefined && udp === undefined) throw uselessFlag('host', ['tcp', 'udp'])
  if (host === '') throw new UsageError('--host must be an address or a name for one')
  if (unix === '') throw new UsageError('--unix must be the path of a socket')
  const at = host === undefined ? {} : { host }
  const options = readServerFlags(new Map(Object.entries(others)), kinds)
  const listeners = {
    ...(tcp !== undefined && { tcp: { port: readPort('tcp', tcp), ...at, ...options.tcp } }),
    ...(udp !== undefined && { udp: { port: readPort('udp', udp), ...at, ...options.udp } }),
    ...(unix !== undefined && { unix: { path: unix, ...options.unix } }),
  }
  return { command: 'serve', listeners, imports, plugins: positionals.map(parsePluginText) }
}

function readPort(flag: string, text: string): number {
  return readOptionText(`--${flag}`, TCP_LISTEN_OPTIONS.port, text) as number
}

function connectCommand({ flags, imports, positionals }: Words): ConnectCommand {
  const [url, ...texts] = positionals
  if (url === undefined) throw new UsageError('connect needs to know where to: tcp://HOST:PORT, udp://HOST:PORT or unix:PATH')
  const wait = flags.get('wait')
  return {
    command: 'connect',
    endpoint: parseEndpoint(url),
    wait: wait === undefined ? WAIT_OPTION.default : (readOptionText('--wait', WAIT_OPTION, wait) as number),
    imports,
    plugins: texts.map(parsePluginText),
  }
}

function pluginsCommand({ imports, switches, positionals }: Words): PluginsCommand {
  const [extra] = positionals
  if (extra !== undefined) throw new UsageError(`plugins takes no "${extra}": it lists all there are`)
  return { command: 'plugins', json: switches.has('json'), imports }
}
