import type { LookupFunction } from 'node:net'

/** A look-up that names no address has failed. Node would throw for it, where nobody catches: it takes one of its own, which never does. */
export function sureLookup(lookup: LookupFunction): LookupFunction {
  return (host, options, callback) => {
    lookup(host, options, (error, address, family) => {
      callback(error ?? (namesOne(address) ? null : notFound(host)), address, family)
    })
  }
}

function namesOne(address: unknown): boolean {
  return Array.isArray(address) ? address.length > 0 : typeof address === 'string'
}

function notFound(hostname: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`no address for ${hostname}`), { code: 'ENOTFOUND', syscall: 'lookup', hostname })
}
