import { lookup as systemLookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { InvalidOptionError } from '@millrace/core'

/** How to resolve a host. */
export interface ResolveOptions {
  readonly type?: 'udp4' | 'udp6' | undefined
  readonly lookup?: LookupFunction | undefined
  readonly signal?: AbortSignal | undefined
}

/** An address to bind or to send to, and the kind of socket it needs. */
export interface ResolvedHost {
  readonly address: string
  readonly type: 'udp4' | 'udp6'
}

const typeOf = (family: number): 'udp4' | 'udp6' => (family === 6 ? 'udp6' : 'udp4')

/**
 * Looks a name up, once; an address stays as it is.
 *
 * @param option - the host's option, for the error.
 * @throws {@link InvalidOptionError} for an address that does not go with `type`; the look-up's error; `signal.reason`.
 */
export async function resolveHost(option: string, host: string, options: ResolveOptions): Promise<ResolvedHost> {
  const { type, signal } = options
  signal?.throwIfAborted()
  const family = isIP(host)
  if (family === 0) return lookUp(host, options)
  if (type !== undefined && type !== typeOf(family)) {
    throw new InvalidOptionError(option, `an ${type === 'udp6' ? 'IPv6' : 'IPv4'} address or a name`, host)
  }
  return { address: host, type: typeOf(family) }
}

function lookUp(host: string, { type, lookup = systemLookup, signal }: ResolveOptions): Promise<ResolvedHost> {
  const wanted = type === undefined ? 0 : type === 'udp6' ? 6 : 4
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal?.reason as Error)
    signal?.addEventListener('abort', onAbort, { once: true })
    lookup(host, { family: wanted }, (error, found, family) => {
      signal?.removeEventListener('abort', onAbort)
      // Node gives the error alone: there is nothing else to look at then.
      if (error) return reject(error)
      const address = Array.isArray(found) ? found[0]?.address : found
      if (address === undefined) reject(new Error(`no address for ${host}`))
      else resolve({ address, type: typeOf(family ?? isIP(address)) })
    })
  })
}
