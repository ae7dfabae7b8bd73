import { InvalidOptionError } from '../errors/invalid-option-error.ts'

/** What is thrown where something else than bytes is written: it tells the kind of what came and nothing of it, which is payload. */
export function noChunk(item: unknown): InvalidOptionError {
  const kind = item === null ? 'null' : typeof item
  const shown = kind === 'null' || kind === 'undefined' ? kind : `${kind === 'object' ? 'an' : 'a'} ${kind}`
  return new InvalidOptionError('chunk', 'a Uint8Array', kind, shown)
}
