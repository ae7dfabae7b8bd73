import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { BlockingOutput } from '../src/container/blocking-output.ts'

const fixture = fileURLToPath(new URL('fixtures/blocking-output.ts', import.meta.url))

/** A process that writes 4 MiB to a pipe that does not block, and then ends at once. */
function writer() {
  return spawn(process.execPath, ['--import', 'tsx', fixture], { stdio: ['ignore', 'pipe', 'pipe'] })
}

test('a pipe that is full is waited for, and nothing is lost at an exit', async () => {
  const child = writer()
  const chunks: Buffer[] = []
  await once(child.stdout, 'data')
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk))
  const [code] = (await once(child, 'close')) as [number]
  const text = Buffer.concat(chunks).toString()
  expect(code).toBe(0)
  expect(text.length).toBe(4 * 1024 * 1024)
  expect(text.endsWith('the end\n')).toBe(true)
})

test('a reader that has gone is no failure', async () => {
  const child = writer()
  child.stderr.destroy()
  child.stdout.resume()
  expect((await once(child, 'close'))[0]).toBe(0)
})

test('a file takes it whole, and an error of the system is thrown', () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-output-'))
  const file = join(directory, 'log')
  const descriptor = openSync(file, 'w')
  const output = new BlockingOutput(descriptor)
  output.write('größer\n')
  closeSync(descriptor)
  expect(readFileSync(file, 'utf8')).toBe('größer\n')
  expect(() => new BlockingOutput(-1).write('x')).toThrow()
  rmSync(directory, { recursive: true })
})
