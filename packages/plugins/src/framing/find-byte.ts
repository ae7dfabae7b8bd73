/**
 * Where a byte first stands from an index on, or -1. The engine's own search over memory, which for a `Buffer` too
 * costs less than the one of `Buffer`.
 */
export function findByte(bytes: Uint8Array, byte: number, from: number): number {
  return Uint8Array.prototype.indexOf.call(bytes, byte, from)
}
