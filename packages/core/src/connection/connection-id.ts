import type { Transport } from './connection.ts'

let count = 0

/** The next number of a connection, unique within the process. */
export function nextConnectionNumber(): number {
  return ++count
}

/** The `id` that goes with a number. Written anew each time: an idle connection would keep 40 bytes for it. */
export function connectionId(transport: Transport, number: number): string {
  return `${transport}-${number}`
}
