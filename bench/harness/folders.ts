import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** `bench/` itself: this file is in `bench/harness` or, built, in `bench/dist/harness`. */
const here = fileURLToPath(new URL('..', import.meta.url))
export const sourceFolder: string = path.basename(here) === 'dist' ? path.dirname(here) : path.resolve(here)

/** The root of the repository. */
export const rootFolder: string = path.dirname(sourceFolder)

/** What is made on the way and can go at any time. */
export const cacheFolder: string = path.join(rootFolder, 'node_modules/.cache/bench')

/** The package that brings other runtimes and frameworks. */
export const guestsFolder: string = path.join(sourceFolder, 'guests')
