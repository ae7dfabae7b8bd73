import { nearest, type OptionDescription, type PluginText, readOptionText } from '@millrace/core'
import { TCP_LISTEN_OPTIONS } from '@millrace/tcp'
import type { ListenerKind, ServeOptions } from '../serve-options.ts'
import { type Endpoint, parseEndpoint } from './endpoint.ts'
import { parsePluginText } from './plugin-text.ts'
import { readServerFlags, SERVER_FLAGS, uselessFlag } from './server-flags.ts'
import { UsageError } from './usage-error.ts'
import { connectTls, type ConnectTls, serveFiles, TLS_FILES, type TlsFiles } from './tls-flags.ts'
import { splitWords, type Vocabulary, type Words } from './words.ts'

/** `millrace serve`, taken apart. */
export interface ServeCommand {
  readonly command: 'serve'
  readonly listeners: Pick<ServeOptions, ListenerKind>
  /** The files of what `--tls` shows; there where that is. */
  readonly tls: TlsFiles | undefined
  readonly imports: readonly string[]
  readonly plugins: readonly PluginText[]
}

/** `millrace connect`, taken apart. */
export interface ConnectCommand {
  readonly command: 'connect'
  readonly endpoint: Endpoint
  /** Over TLS. */
  readonly tls: ConnectTls | undefined
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
const VOCABULARIES: Readonly<Record<CommandName, Vocabulary>> = {
  serve: { flags: ['host', 'tcp', 'tls', 'udp', 'unix', 'import', ...TLS_FILES, ...SERVER_FLAGS.keys()], switches: ['help'] },
  connect: { flags: ['wait', 'import', 'servername', ...TLS_FILES], switches: ['help', 'insecure'] },
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
  const { host, tcp, tls, udp, unix, cert, key, ca, ...others } = Object.fromEntries(flags)
  const kinds = (['tcp', 'tls', 'udp', 'unix'] as const).filter((kind) => flags.has(kind))
  if (kinds.length === 0) throw new UsageError('serve needs a listener: --tcp PORT, --tls PORT, --udp PORT or --unix PATH')
  if (host !== undefined && kinds.every((kind) => kind === 'unix')) throw uselessFlag('host', ['tcp', 'tls', 'udp'])
  const files = serveFiles(tls !== undefined, { cert, key, ca })
  if (host === '') throw new UsageError('--host must be an address or a name for one')
  if (unix === '') throw new UsageError('--unix must be the path of a socket')
  const at = host === undefined ? {} : { host }
  const options = readServerFlags(new Map(Object.entries(others)), kinds)
  const listeners = {
    ...(tcp !== undefined && { tcp: { port: readPort('tcp', tcp), ...at, ...options.tcp } }),
    ...(tls !== undefined && { tls: { port: readPort('tls', tls), ...at, ...options.tls } }),
    ...(udp !== undefined && { udp: { port: readPort('udp', udp), ...at, ...options.udp } }),
    ...(unix !== undefined && { unix: { path: unix, ...options.unix } }),
  }
  return { command: 'serve', listeners, tls: files, imports, plugins: positionals.map(parsePluginText) }
}

function readPort(flag: string, text: string): number {
  return readOptionText(`--${flag}`, TCP_LISTEN_OPTIONS.port, text) as number
}

function connectCommand({ flags, imports, switches, positionals }: Words): ConnectCommand {
  const [url, ...texts] = positionals
  if (url === undefined) throw new UsageError('connect needs to know where to: tcp://HOST:PORT, tls://HOST:PORT, udp://HOST:PORT or unix:PATH')
  const wait = flags.get('wait')
  const endpoint = parseEndpoint(url)
  return {
    command: 'connect',
    endpoint,
    tls: connectTls(endpoint.transport === 'tls', flags, switches.has('insecure')),
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
