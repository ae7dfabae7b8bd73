/** What an item that is no bytes counts for in a bound of bytes. */
const MESSAGE_CHARGE = 128

/** What an item counts for towards a bound of bytes: its bytes or characters and a charge for holding it. */
export function sizeOf(item: unknown): number {
  if (item instanceof Uint8Array) return item.length + MESSAGE_CHARGE
  return typeof item === 'string' ? item.length + MESSAGE_CHARGE : MESSAGE_CHARGE
}
