import { readFileSync } from 'node:fs'
import type { OptionDescription, PluginDescription } from '@millrace/core'
import type { ListenerKind } from '../serve-options.ts'
import { type CommandName, WAIT_OPTION } from './arguments.ts'
import { columns } from './columns.ts'
import { describeOption, describePlugins } from './describe-plugins.ts'
import { SERVER_FLAGS, type ServerFlag } from './server-flags.ts'

const USAGE: Readonly<Record<CommandName, string>> = {
  serve: `millrace serve [--host ADDR] [--tcp PORT] [--udp PORT] [--unix PATH] [--tls PORT --cert FILE --key FILE]
               [--import FILE]... [--<server-option> VALUE]... PLUGIN...`,
  connect: `millrace connect URL [--ca FILE | --insecure] [--import FILE]... [--wait MS] [PLUGIN...]
               URL = tcp://h:p  udp://h:p  tls://h:p  unix:PATH`,
  plugins: 'millrace plugins [--import FILE]... [--json]',
}

const PLUGIN = 'PLUGIN = name | name:value | name:key=value,key=value            chunker:16   chunker:size=16'

const IMPORT = ['--import FILE', 'an ES module whose default export is a plugin or an array of plugins'] as const

const COMMANDS: Readonly<Record<CommandName, readonly (readonly [string, string])[]>> = {
  serve: [
    ['--tcp PORT', 'listen on a TCP port; 0 asks the system for a free one'],
    ['--udp PORT', 'listen on a UDP port'],
    ['--unix PATH', 'listen on a Unix socket'],
    ['--tls PORT', 'listen on a TCP port and speak TLS'],
    ['--cert FILE', 'with --tls: the certificate chain, in PEM'],
    ['--key FILE', 'with --tls: the private key, in PEM'],
    ['--ca FILE', 'with --tls and --request-cert true: who vouches for clients, in PEM'],
    ['--host ADDR', 'the address to listen on, for --tcp, --tls and --udp (default 127.0.0.1)'],
    IMPORT,
  ],
  connect: [
    ['--ca FILE', 'over TLS: who vouches for the server, in PEM, in place of those that Node knows'],
    ['--insecure', 'over TLS: take any certificate'],
    ['--servername NAME', 'over TLS: the name to ask for, and that the certificate must be for (default: the host)'],
    ['--cert FILE', 'over TLS: a certificate of our own, in PEM; with --key FILE'],
    ['--wait MS', `${WAIT_OPTION.help} (${describeOption(WAIT_OPTION)})`],
    IMPORT,
  ],
  plugins: [['--json', 'for programs: an array of descriptions; an upper bound of null is none'], IMPORT],
}

const ABOUT: Readonly<Record<CommandName, string>> = {
  serve: `Serves a pipeline of plugins on each listener that is given. When a listener is ready, stdout gets one
line, such as "listening tcp 127.0.0.1:10000"; logs go to stderr. The last plugin must be a handler, such
as echo.

SIGTERM or SIGINT drains: what is idle is closed, what is in flight may finish. Exit code 0, or 1 if work
was cut off; a second signal aborts at once. A port in use is exit code 1, bad usage 2.`,
  connect: `A netcat through a pipeline: stdin goes out, what comes in goes to stdout. Over TCP the end of stdin
half-closes, and the exit code is 0 when the peer has ended. Over UDP each read of stdin is a datagram. Where
the pipeline has a codec (lines, length-prefixed), a line of stdin is a frame, and each frame that comes a
line of stdout. A connection that fails is exit code 1.`,
  plugins: 'Lists the plugins there are, with their options.',
}

/** `millrace --help`. */
export function generalHelp(): string {
  return `Plugin pipelines over TCP and UDP.

${Object.values(USAGE).join('\n')}
${PLUGIN}

millrace serve --tcp 10000 --udp 10000 logging uppercaser echo
millrace connect tcp://127.0.0.1:10000

millrace COMMAND --help tells more; millrace --version the version.
`
}

/** `millrace COMMAND --help`. */
export function commandHelp(command: CommandName, plugins: readonly PluginDescription[]): string {
  const parts = [`${USAGE[command]}\n${command === 'plugins' ? '' : `${PLUGIN}\n`}`, `${ABOUT[command]}\n`]
  parts.push(columns(COMMANDS[command], 2, command === 'connect' ? 20 : 14))
  if (command === 'serve') parts.push(...serverFlagHelp())
  if (command !== 'plugins') parts.push(`Plugins:\n\n${describePlugins(plugins)}`)
  return parts.join('\n')
}

/** The flags in groups, those that most listeners know first. */
function serverFlagHelp(): string[] {
  const groups = new Map<string, ServerFlag[]>()
  for (const flag of [...SERVER_FLAGS.values()].toSorted((a, b) => b.descriptions.size - a.descriptions.size)) {
    const kinds = [...flag.descriptions.keys()].map((kind) => `--${kind}`).join(', ')
    groups.set(kinds, [...(groups.get(kinds) ?? []), flag])
  }
  return [...groups].map(([kinds, flags]) => {
    const rows = flags.toSorted((a, b) => a.name.localeCompare(b.name, 'en')).map(flagRow)
    return `With ${kinds}:\n\n${columns(rows, 2, 32)}`
  })
}

function flagRow({ name, descriptions }: ServerFlag): [string, string] {
  const [description] = descriptions.values() as Iterable<OptionDescription>
  const unit = description && 'unit' in description ? description.unit : undefined
  const value = description?.type === 'boolean' ? 'true|false' : unit === 'ms' ? 'MS' : 'VALUE'
  const helps = new Map<string, ListenerKind[]>()
  for (const [kind, { help }] of descriptions) helps.set(help, [...(helps.get(help) ?? []), kind])
  const text = [...helps].map(([help, kinds]) => (helps.size === 1 ? help : `${kinds.join(', ')}: ${help}`)).join('; ')
  return [`--${name} ${value}`, `${text} (${description ? describeOption(description) : ''})`]
}

/** `millrace --version`: of the package that this file belongs to. */
export function version(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
  return manifest.version
}
