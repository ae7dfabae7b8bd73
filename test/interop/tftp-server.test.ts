import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Running } from '../../examples/servers/shared/running.ts'
import { startTftp } from '../../examples/servers/tftp-server.ts'
import { digestOf, seededBytes } from '../support/bytes.ts'
import { killAll, run } from './programs.ts'

/** Blocks of 512 bytes that are all full, so that the last packet is an empty one; one byte; none. */
const sizes = Object.entries({ 'whole blocks': 512 * 300, 'one byte': 1, nothing: 0 })

describe('the TFTP server', () => {
  let server: Running
  let root: string
  let here: string
  beforeEach(async () => {
    root = await mkdtemp(path.join(tmpdir(), 'millrace-tftp-root-'))
    here = await mkdtemp(path.join(tmpdir(), 'millrace-tftp-'))
    server = await startTftp({ root })
  })
  afterEach(async () => {
    await killAll()
    await server.close()
    for (const folder of [root, here]) await rm(folder, { recursive: true })
  })
  const url = (name: string): string => `tftp://127.0.0.1:${server.port}/${name}`
  const tftp = (...words: string[]): ReturnType<typeof run> =>
    run(['tftp', '-m', 'octet', '127.0.0.1', String(server.port), '-c', ...words])

  test.each(sizes)('gives %s to curl', async (_what, size) => {
    const content = seededBytes(size)
    await writeFile(path.join(root, 'file'), content)
    // curl asks for blocks of 512 bytes as an option, and for the size.
    const { code, stdout } = await run(['curl', '--silent', '--show-error', url('file')])
    expect([code, digestOf(stdout)]).toEqual([0, digestOf(content)])
  })

  test.each(sizes)('gives %s to tftp-hpa', async (_what, size) => {
    const content = seededBytes(size)
    await writeFile(path.join(root, 'file'), content)
    const to = path.join(here, 'file')
    expect(await tftp('get', 'file', to)).toMatchObject({ code: 0, stderr: '' })
    expect(digestOf(await readFile(to))).toEqual(digestOf(content))
  })

  test('gives larger blocks to a curl that asks for them', async () => {
    const content = seededBytes(100_000)
    await writeFile(path.join(root, 'file'), content)
    const { stdout, stderr } = await run(['curl', '--verbose', '--tftp-blksize', '8192', url('file')])
    expect(digestOf(stdout)).toEqual(digestOf(content))
    expect(stderr).toMatch(/got option=\(blksize\) value=\(1428\)/)
  })

  test.each(sizes)('takes %s from curl and from tftp-hpa', async (_what, size) => {
    const content = seededBytes(size)
    const from = path.join(here, 'file')
    await writeFile(from, content)
    expect(await run(['curl', '--silent', '--show-error', '--upload-file', from, url('by-curl')])).toMatchObject({ code: 0, stderr: '' })
    expect(await tftp('put', from, 'by-tftp')).toMatchObject({ code: 0, stderr: '' })
    for (const name of ['by-curl', 'by-tftp']) {
      expect(digestOf(await readFile(path.join(root, name)))).toEqual(digestOf(content))
    }
  })

  test('tells both what it refuses', async () => {
    expect(await run(['curl', '--silent', url('nothing')])).toMatchObject({ code: 68 })
    expect(await run(['curl', '--silent', '--path-as-is', url('%2e%2e/secret')])).toMatchObject({ code: 69 })
    await writeFile(path.join(here, 'file'), 'new')
    await writeFile(path.join(root, 'file'), 'old')
    expect((await tftp('put', path.join(here, 'file'), 'file')).stdout.toString()).toMatch(/Error code 6: exists/)
    expect((await readFile(path.join(root, 'file'))).toString()).toBe('old')
  })
})
