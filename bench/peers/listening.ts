import type { Listening } from './peer.ts'

/** As much of a Millrace server as is asked here. */
interface Served {
  readonly address: { readonly port: number } | undefined
  readonly driver?: unknown
}

/** Where one of our servers listens, and by which driver: `node` where it names none. */
export function listeningOf({ address, driver }: Served): Listening {
  if (address === undefined) throw new Error('the server does not listen')
  return { port: address.port, driver: typeof driver === 'string' ? driver : 'node' }
}

/** The same, of a server that is to be measured on the native driver. @throws where that was not taken. */
export function nativelyListeningOf(server: Served): Listening {
  const listening = listeningOf(server)
  if (listening.driver === 'native') return listening
  throw new Error(`not on the native driver but on ${listening.driver}`)
}
