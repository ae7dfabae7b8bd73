import type { Transport } from './connection.ts'

let count = 0

/** The next `id`, unique within the process. */
export function nextConnectionId(transport: Transport): string {
  return `${transport}-${++count}`
}
