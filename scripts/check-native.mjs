// `npm run check:native [-- SEEDS]`: runs the C of packages/udp-native under AddressSanitizer and UBSan, on seeded streams
// of datagrams, failures, nonsense and closes: once its own code by itself (native/test/fuzz.c, leaks included), once the whole
// addon in Node (test/fixtures/fuzz.ts, threads that end in the middle included). Needs gcc with its sanitizers, on Linux.
import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { host, sourcesOf } from './lib/native-build.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const native = path.join(root, 'packages/udp-native')
const work = path.join(root, 'node_modules/.cache/native-sanitized')
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

/** The C that needs no JavaScript, and the program that drives it. */
function buildHarness() {
  const units = sourcesOf(root).filter((file) => file.endsWith('.c') && !/(addon|calls|arguments|handle)\.c$/.test(file))
  const program = path.join(work, 'fuzz')
  run('gcc', [...common, ...units, path.join(native, 'native/test/fuzz.c'), '-o', program])
  return program
}

/** The addon, beside the package's JavaScript and the file that drives it: workers take no TypeScript. */
function buildAddon() {
  const folder = path.join(work, 'prebuilds', host)
  mkdirSync(folder, { recursive: true })
  const units = sourcesOf(root).filter((file) => file.endsWith('.c'))
  const include = path.join(root, 'node_modules/node-api-headers/include')
  run('gcc', [...common, '-fPIC', '-shared', `-I${include}`, ...units, '-o', path.join(folder, 'udp.node')])
  const fuzz = path.join(native, 'test/fixtures/fuzz.ts')
  const compilerOptions = { composite: false, declaration: false, declarationMap: false, rootDir: native, outDir: work }
  const config = { extends: path.join(root, 'tsconfig.base.json'), compilerOptions, files: [fuzz] }
  writeFileSync(path.join(work, 'tsconfig.json'), JSON.stringify(config))
  writeFileSync(path.join(work, 'package.json'), '{ "type": "module" }\n')
  run(process.execPath, [path.join(root, 'node_modules/typescript/bin/tsc'), '-p', work])
  return path.join(work, 'test/fixtures/fuzz.js')
}

function check() {
  rmSync(work, { recursive: true, force: true })
  mkdirSync(work, { recursive: true })
  const harness = buildHarness()
  for (let seed = 1; seed <= seeds; seed++) console.log(`C: ${run(harness, [String(seed), '50000'])}`)
  const fuzz = buildAddon()
  const LD_PRELOAD = [run('gcc', ['-print-file-name=libasan.so']), run('gcc', ['-print-file-name=libubsan.so'])].join(':')
  // Node keeps at its end what it has allocated; and V8 has a signal handler of its own on the stack that ASan would use.
  const env = { LD_PRELOAD, ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=0:use_sigaltstack=0' }
  for (let seed = 1; seed <= seeds; seed++) {
    console.log(`addon: ${run(process.execPath, ['--expose-gc', fuzz, String(seed), '150', 'threads'], env)}`)
  }
}

try {
  check()
  console.log('native: nothing found by the sanitizers')
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}
