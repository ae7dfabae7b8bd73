import { plugins as builtIn } from '@millrace/plugins'
import { describe, expect, test } from 'vitest'
import { fixture, run } from './command.ts'

describe('millrace plugins', () => {
  test('lists what comes with it and what is imported, with each option', async () => {
    const { code, stdout, stderr } = await run(['plugins', '--import', fixture('plugins.mjs')])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('chunker  (bytes -> bytes)\n')
    expect(stdout).toMatch(/^ {4}size +[^(]*\(integer, 1 to \d+ bytes, default 16, also as\s+chunker:VALUE\)$/m)
    expect(stdout).toContain('boom  (bytes -> bytes)\n  throws\n')
    expect(stdout).toContain('words  (bytes -> message)\n')
  })

  test('tells programs the same', async () => {
    const { code, stdout } = await run(['plugins', '--json'])
    expect(code).toBe(0)
    const plugins = JSON.parse(stdout) as { name: string }[]
    expect(plugins.map(({ name }) => name)).toEqual(builtIn.map(({ description }) => description.name))
    expect(plugins.length).toBeGreaterThan(15)
    expect(plugins[1]).toMatchObject({
      accepts: 'bytes',
      produces: 'bytes',
      primary: 'size',
      options: { size: { type: 'integer', unit: 'bytes', range: [1, expect.any(Number)], default: 16, help: expect.any(String) } },
    })
  })
})
