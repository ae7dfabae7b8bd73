import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Where a certificate or a key of the tests is: made by `test/fixtures/tls/make.sh`, good for a hundred years. */
export const pemPath = (file: string): string => fileURLToPath(new URL(`../fixtures/tls/${file}`, import.meta.url))

const pem = (file: string): string => readFileSync(pemPath(file), 'utf8')

const pair = (name: string): { readonly cert: string; readonly key: string } => ({
  cert: pem(`${name}.pem`),
  key: pem(`${name}.key`),
})

/** Vouches for all but {@link stranger}. */
export const authority: string = pem('authority.pem')
/** For localhost, 127.0.0.1 and ::1. */
export const server: ReturnType<typeof pair> = pair('server')
/** For other.example.org. */
export const other: ReturnType<typeof pair> = pair('other')
/** For localhost and 127.0.0.1, until 2021. */
export const expired: ReturnType<typeof pair> = pair('expired')
/** A client's. */
export const client: ReturnType<typeof pair> = pair('client')
/** For localhost and 127.0.0.1, signed by itself. */
export const stranger: ReturnType<typeof pair> = pair('stranger')
