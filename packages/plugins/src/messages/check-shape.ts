import { CorruptFrameError } from '@millrace/core'

/**
 * Refuses a value that is nested too deep, and one with keys that turn into a prototype where objects are copied or
 * merged carelessly: `__proto__`, and `constructor` with a `prototype` in it. Goes down level by level, and calls
 * itself not at all.
 *
 * @param offset - of the frame, for the error.
 * @returns the value.
 * @throws {@link CorruptFrameError}
 */
export function checkShape<T>(value: T, maxDepth: number, offset: number): T {
  let level: unknown[] = [value]
  for (let depth = 0; level.length > 0; depth++) {
    const next: unknown[] = []
    for (const one of level) {
      if (typeof one !== 'object' || one === null) continue
      if (depth === maxDepth) throw new CorruptFrameError(`nested more than ${maxDepth} deep`, { offset })
      if (Array.isArray(one)) gather(one, next)
      else if (isPlain(one)) gather(valuesOf(one, offset), next)
    }
    level = next
  }
  return value
}

/** Only what can go deeper. */
function gather(values: readonly unknown[], into: unknown[]): void {
  for (const value of values) if (typeof value === 'object' && value !== null) into.push(value)
}

function isPlain(value: object): value is Readonly<Record<string, unknown>> {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function valuesOf(object: Readonly<Record<string, unknown>>, offset: number): unknown[] {
  if (Object.hasOwn(object, '__proto__')) throw new CorruptFrameError('a key that is "__proto__"', { offset })
  if (Object.hasOwn(object, 'constructor')) {
    const { constructor } = object as { readonly constructor: unknown }
    if (typeof constructor === 'object' && constructor !== null && Object.hasOwn(constructor, 'prototype')) {
      throw new CorruptFrameError('a "constructor" with a "prototype"', { offset })
    }
  }
  return Object.values(object)
}
