import { readFile } from 'node:fs/promises'
import type { TlsFiles } from './tls-flags.ts'
import { UsageError } from './usage-error.ts'

/** What the files hold. */
export type TlsContents = Readonly<Partial<Record<keyof TlsFiles, Buffer>>>

/** @throws {@link UsageError} for a file that cannot be read. */
export async function readTlsFiles(files: TlsFiles): Promise<TlsContents> {
  const entries = Object.entries(files).filter((entry): entry is [keyof TlsFiles, string] => entry[1] !== undefined)
  return Object.fromEntries(await Promise.all(entries.map(async ([name, file]) => [name, await read(name, file)] as const)))
}

async function read(flag: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new UsageError(`--${flag}: cannot read "${file}" (${code ?? message})`, { cause: error })
  }
}
