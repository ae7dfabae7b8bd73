import path from 'node:path'
import { type PeerName, peers } from '../peers/index.ts'
import { type PeerSource, type Runtime, runtimes } from '../peers/sources.ts'
import { guestsFolder, sourceFolder } from './folders.ts'
import { guestFile } from './guests.ts'
import { compiled } from './native.ts'

/** How a server is started. */
export interface StartOptions {
  /** The folder of the bench whose build is run; this one unless given. */
  readonly bench?: string | undefined
  /** Flags of Node's, for peers that are modules. */
  readonly flags?: readonly string[]
}

/** The command line of a peer's server. @throws where what it needs is not there: the message says what. */
export function commandLine(peer: PeerName, { bench = sourceFolder, flags = [] }: StartOptions): readonly string[] {
  const source: PeerSource = peers[peer]
  switch (source.kind) {
    case 'module':
      return [runtimeFile(source.runtime), ...flags, path.join(bench, 'dist/harness/server-main.js'), peer]
    case 'guest': {
      // Whichever runtime it is, the modules it imports come from there too.
      guestFile('.package-lock.json')
      return [runtimeFile(source.runtime), ...(source.flags ?? []), path.join(guestsFolder, source.file)]
    }
    case 'native':
      return [compiled(source.program)]
  }
}

function runtimeFile(runtime: Runtime | undefined): string {
  return runtime === undefined ? process.execPath : guestFile(runtimes[runtime])
}
