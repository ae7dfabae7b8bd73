// `npm run check:native [-- SEEDS]`: runs the C of the native packages under AddressSanitizer and UBSan, on seeded streams
// of datagrams, bytes, failures, nonsense and closes: of each, once what needs no Node by itself (native/test/fuzz.c, leaks included),
// once the whole addon in Node (test/fixtures/fuzz.ts, threads that end in the middle included). Needs gcc with its sanitizers, on
// Linux.
import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { host, nativePackages, plainUnitsOf, unitsOf } from './lib/native-build.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const cache = path.join(root, 'node_modules/.cache/native-sanitized')
const seeds = Number(process.argv[2] ?? 5)
const sanitizers = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-fno-omit-frame-pointer']
const common = ['-std=c11', '-D_GNU_SOURCE', '-O1', '-g', '-Wall', '-Wextra', '-Wno-unused-parameter', ...sanitizers]

function run(command, args, env = {}) {
  const options = { cwd: root, encoding: 'utf8', timeout: 120_000, env: { ...process.env, ...env } }
  const { status, signal, error, stdout, stderr } = spawnSync(command, args, options)
  if (status === 0) return stdout.trim()
  const how = error?.message ?? signal ?? `exit code ${status}`
  throw new Error(`${path.basename(command)} ${args.at(-2)} ${args.at(-1)}: ${how}\n${stdout}${stderr}`)
}

/** The C that needs no Node, and the program that drives it. */
function buildHarness(native, { folder, work }) {
  const program = path.join(work, 'fuzz')
  run('gcc', [...common, ...plainUnitsOf(root, native), path.join(folder, 'native/test/fuzz.c'), '-o', program])
  return program
}

/** The addon, beside the package's JavaScript and the file that drives it: workers take no TypeScript. */
function buildAddon(native, { folder, work }) {
  const prebuilds = path.join(work, 'prebuilds', host)
  mkdirSync(prebuilds, { recursive: true })
  const include = path.join(root, 'node_modules/node-api-headers/include')
  const units = unitsOf(root, native)
  run('gcc', [...common, '-fPIC', '-shared', `-I${include}`, ...units, '-o', path.join(prebuilds, native.binary)])
  const fuzz = path.join(folder, 'test/fixtures/fuzz.ts')
  const compilerOptions = { composite: false, declaration: false, declarationMap: false, rootDir: folder, outDir: work }
  const config = { extends: path.join(root, 'tsconfig.base.json'), compilerOptions, files: [fuzz] }
  writeFileSync(path.join(work, 'tsconfig.json'), JSON.stringify(config))
  writeFileSync(path.join(work, 'package.json'), '{ "type": "module" }\n')
  run(process.execPath, [path.join(root, 'node_modules/typescript/bin/tsc'), '-p', work])
  return path.join(work, 'test/fixtures/fuzz.js')
}

function check(native) {
  const places = { folder: path.join(root, 'packages', native.name), work: path.join(cache, native.name) }
  mkdirSync(places.work, { recursive: true })
  const harness = buildHarness(native, places)
  for (let seed = 1; seed <= seeds; seed++) console.log(`${native.name}, C: ${run(harness, [String(seed), '50000'])}`)
  const fuzz = buildAddon(native, places)
  const LD_PRELOAD = [run('gcc', ['-print-file-name=libasan.so']), run('gcc', ['-print-file-name=libubsan.so'])].join(':')
  // Node keeps at its end what it has allocated; and V8 has a signal handler of its own on the stack that ASan would use.
  const env = { LD_PRELOAD, ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=0:use_sigaltstack=0' }
  for (let seed = 1; seed <= seeds; seed++) {
    console.log(`${native.name}, addon: ${run(process.execPath, ['--expose-gc', fuzz, String(seed), '150', 'threads'], env)}`)
  }
}

try {
  rmSync(cache, { recursive: true, force: true })
  nativePackages.forEach(check)
  console.log('native: nothing found by the sanitizers')
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}
