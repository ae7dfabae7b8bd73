import { InvalidOptionError } from '../errors/invalid-option-error.ts'

/**
 * What moves bytes at most: `native` whatever is there, `node` no native driver, `public` neither that nor anything inside
 * Node that is no public interface.
 */
export type WantedDriver = 'native' | 'node' | 'public'

/**
 * The environment variable `MILLRACE_DRIVER`, for transports that have a choice: for a comparison, or where an error is
 * looked for.
 *
 * @returns `native` where it is unset or empty.
 * @throws {@link InvalidOptionError} for any other value.
 */
export function wantedDriver(): WantedDriver {
  const wanted = process.env['MILLRACE_DRIVER'] || 'native'
  if (wanted === 'native' || wanted === 'node' || wanted === 'public') return wanted
  throw new InvalidOptionError('MILLRACE_DRIVER', '"node" or "public", or unset', wanted)
}
