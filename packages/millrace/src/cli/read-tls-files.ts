import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { TlsFiles } from './tls-flags.ts'
import { UsageError } from './usage-error.ts'

/** What the files hold. */
export type TlsContents = Readonly<Partial<Record<keyof TlsFiles, Buffer>>>

/** What each file has to hold, and what throws where it does not. Of several certificates the first is looked at. */
const CONTENTS = {
  cert: ['certificate', (pem: Buffer) => new X509Certificate(pem)],
  ca: ['certificate', (pem: Buffer) => new X509Certificate(pem)],
  key: ['private key that can be read', createPrivateKey],
} as const satisfies Record<keyof TlsFiles, readonly [string, (pem: Buffer) => unknown]>

/** @throws {@link UsageError} for a file that cannot be read, or holds something else. */
export async function readTlsFiles(files: TlsFiles): Promise<TlsContents> {
  const entries = Object.entries(files).filter((entry): entry is [keyof TlsFiles, string] => entry[1] !== undefined)
  return Object.fromEntries(await Promise.all(entries.map(async ([name, file]) => [name, await read(name, file)] as const)))
}

async function read(flag: keyof TlsFiles, file: string): Promise<Buffer> {
  const pem = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`--${flag}: cannot read "${file}" (${error.code ?? error.message})`, { cause: error })
  })
  const [what, check] = CONTENTS[flag]
  try {
    check(pem)
  } catch (error) {
    throw new UsageError(`--${flag}: "${file}" holds no ${what}`, { cause: error })
  }
  return pem
}
