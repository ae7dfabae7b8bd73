// The property suite of the codecs with more runs than `npm test` has: `npm run check:codecs -- RUNS SEED`.
import { spawnSync } from 'node:child_process'

const [runs = '200000', seed = String(Date.now() % 2 ** 31)] = process.argv.slice(2)
if (![runs, seed].every((text) => /^[1-9]\d*$/.test(text))) {
  console.error('usage: npm run check:codecs -- [RUNS [SEED]], both integers above 0')
  process.exit(2)
}
console.log(`${runs} runs for each codec, from seed ${seed}`)
const args = ['node_modules/vitest/vitest.mjs', 'run', 'packages/plugins/test/framing', 'packages/plugins/test/messages']
const env = { ...process.env, CODEC_RUNS: runs, CODEC_SEED: seed }
const { status } = spawnSync(process.execPath, args, { stdio: 'inherit', env })
process.exit(status ?? 1)
