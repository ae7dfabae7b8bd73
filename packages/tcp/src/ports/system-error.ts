import { getSystemErrorName } from 'node:util'

/**
 * The error that Node makes of a negative status of libuv's.
 *
 * @example
 * systemError(-104, 'read').message // 'read ECONNRESET' on Linux
 */
export function systemError(status: number, syscall: string): NodeJS.ErrnoException {
  const code = getSystemErrorName(status)
  return Object.assign(new Error(`${syscall} ${code}`), { errno: status, code, syscall })
}
