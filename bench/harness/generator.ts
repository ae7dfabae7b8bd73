import { sourceFolder } from './folders.ts'
import { Child } from './child.ts'
import type { GeneratorCalls } from './calls.ts'
import type { Cores } from './cores.ts'

/** Starts a load generator of this tree's: what it measures may be another's. */
export function startGenerator({ generator }: Cores): Child<GeneratorCalls> {
  return new Child<GeneratorCalls>(`${sourceFolder}/dist/harness/generator-main.js`, generator)
}
