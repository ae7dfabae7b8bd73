// What every guest does beside its work: says where it listens, and ends when its standard input does.
import process from 'node:process'

/** @param {number} port */
export function announce(port) {
  process.stdout.write(`${JSON.stringify({ port })}\n`)
  process.stdin.resume().on('end', () => process.exit(0))
}
