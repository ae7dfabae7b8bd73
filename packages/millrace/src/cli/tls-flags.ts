import { uselessFlag } from './server-flags.ts'
import { UsageError } from './usage-error.ts'

/** The flags that name PEM files. */
export const TLS_FILES = ['cert', 'key', 'ca'] as const

/** Names of PEM files. */
export type TlsFiles = Readonly<Partial<Record<(typeof TLS_FILES)[number], string | undefined>>>

/** How `connect` speaks TLS. */
export interface ConnectTls {
  readonly files: TlsFiles
  readonly servername: string | undefined
  readonly rejectUnauthorized: boolean
}

/**
 * What `serve --tls` shows.
 *
 * @returns undefined without `--tls`.
 * @throws {@link UsageError} for a file that is missing, or of no use.
 */
export function serveFiles(asked: boolean, files: TlsFiles): TlsFiles | undefined {
  const given = TLS_FILES.find((name) => files[name] !== undefined)
  if (!asked) {
    if (given) throw uselessFlag(given, ['tls'])
    return undefined
  }
  for (const name of ['cert', 'key'] as const) {
    if (files[name] === undefined) throw new UsageError(`--tls needs --${name} FILE`)
  }
  return files
}

/**
 * How `connect tls://` goes about it.
 *
 * @returns undefined where it is not over TLS.
 * @throws {@link UsageError} for flags that are of no use, or do not go together.
 */
export function connectTls(asked: boolean, flags: ReadonlyMap<string, string>, insecure: boolean): ConnectTls | undefined {
  const given = insecure ? 'insecure' : [...TLS_FILES, 'servername'].find((name) => flags.has(name))
  if (!asked) {
    if (given) throw new UsageError(`--${given} goes with tls://HOST:PORT`)
    return undefined
  }
  const files = Object.fromEntries(TLS_FILES.flatMap((name) => (flags.has(name) ? [[name, flags.get(name)]] : [])))
  if (flags.has('cert') !== flags.has('key')) throw new UsageError('--cert and --key go together')
  if (insecure && flags.has('ca')) throw new UsageError('--insecure checks nothing: leave out --ca')
  return { files, servername: flags.get('servername'), rejectUnauthorized: !insecure }
}
