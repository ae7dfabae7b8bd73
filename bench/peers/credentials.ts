import { readFileSync } from 'node:fs'
import path from 'node:path'
import { rootFolder } from '../harness/folders.ts'

const read = (file: string): string => readFileSync(path.join(rootFolder, 'test/fixtures/tls', file), 'utf8')

/** What the servers over TLS show: the certificate of the tests, with a key on P-256. */
export function credentials(): { readonly cert: string; readonly key: string } {
  return { cert: read('server.pem'), key: read('server.key') }
}
