import type { Peer } from './peer.ts'

/** What brings the runtimes and frameworks of `guests/`: the file that starts one, below its `node_modules`. */
export const runtimes = {
  bun: '@oven/bun-linux-x64/bin/bun',
  deno: '@deno/linux-x64-glibc/deno',
  'node-24': 'node-24/bin/node',
  'node-26': 'node-26/bin/node',
} as const

export type Runtime = keyof typeof runtimes

/** What all kinds of peers have. */
interface Common {
  /** Ours: what the floors are about, and what `--baseline` compares. */
  readonly ours?: true
  /** It ends its side when its peer does, so that what is on its way is lost: verified without a half-close. */
  readonly noHalfClose?: true
  /** Set in its process. */
  readonly env?: Readonly<Record<string, string>>
}

/** A module of `peers/`, started by `harness/server-main` in a Node process; in this Node's unless another is named. */
export interface ModulePeer extends Common {
  readonly kind: 'module'
  readonly load: () => Promise<Peer>
  readonly runtime?: Runtime
}

/** A file of `guests/`, started by one of its runtimes, or by this Node. Measured by `bench:full` alone. */
export interface GuestPeer extends Common {
  readonly kind: 'guest'
  readonly file: string
  readonly runtime?: Runtime
  readonly flags?: readonly string[]
}

/** A C file of `native/`, compiled where a compiler is. */
export interface NativePeer extends Common {
  readonly kind: 'native'
  readonly program: string
}

export type PeerSource = ModulePeer | GuestPeer | NativePeer

/** Whether it is measured by `bench:full` alone: it has to be installed or compiled first. */
export function isGuest(source: PeerSource): boolean {
  return source.kind !== 'module' || source.runtime !== undefined
}
