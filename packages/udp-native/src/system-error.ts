import { getSystemErrorName } from 'node:util'

/**
 * An error of the system's, as Node makes it of one.
 *
 * @param errno - positive.
 *
 * @example
 * systemError('bind', 98, '127.0.0.1:53').message // 'bind EADDRINUSE 127.0.0.1:53'
 */
export function systemError(syscall: string, errno: number, where?: string): NodeJS.ErrnoException {
  const code = getSystemErrorName(-errno)
  const message = where === undefined ? `${syscall} ${code}` : `${syscall} ${code} ${where}`
  return Object.assign(new Error(message), { errno: -errno, code, syscall })
}

/** @throws the system's error where `result` is negative. */
export function check(result: number, syscall: string, where?: string): number {
  if (result < 0) throw systemError(syscall, -result, where)
  return result
}
