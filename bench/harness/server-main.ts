// The process of one peer that is a module: `node server-main.js NAME`. It speaks as every server of the bench does: see
// server-process.ts.
import type { Announcement } from '../peers/peer.ts'
import { isPeerName, peers } from '../peers/index.ts'

async function start(name: string): Promise<Announcement> {
  try {
    const source = isPeerName(name) ? peers[name] : undefined
    if (source?.kind !== 'module') throw new Error(`no peer named "${name}" is a module`)
    const peer = await source.load()
    return await peer.listen()
  } catch (error) {
    return { missing: error instanceof Error ? error.message : String(error) }
  }
}

process.stdout.write(`${JSON.stringify(await start(process.argv[2] ?? ''))}\n`)
process.stdin.resume().on('end', () => process.exit(0))
