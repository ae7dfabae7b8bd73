import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createLogger, stderrTarget } from '../../src/cli/log.ts'

let directory: string
let fd: number
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'millrace-log-'))
  fd = openSync(path.join(directory, 'log'), 'w')
})
afterEach(() => {
  closeSync(fd)
  rmSync(directory, { recursive: true })
})
const written = (): string => readFileSync(path.join(directory, 'log'), 'utf8')

describe('createLogger', () => {
  test('writes JSON lines, debug ones too, where nobody reads them', async () => {
    const logger = await createLogger({ fd, readable: false, colors: false })
    logger.debug({ n: 1 }, 'first')
    logger.error({ text: 'a\nb' }, 'second')
    expect(written().trimEnd().split('\n').map((line) => JSON.parse(line) as unknown)).toEqual([
      { level: 20, time: expect.any(Number), n: 1, msg: 'first' },
      { level: 50, time: expect.any(Number), text: 'a\nb', msg: 'second' },
    ])
  })

  test('writes one line each for people', async () => {
    const logger = await createLogger({ fd, readable: true, colors: false })
    logger.warn({ n: 1, text: 'a\nb' }, 'first')
    logger.info({}, 'second')
    const lines = written().trimEnd().split('\n')
    expect(lines).toHaveLength(2)
    expect(lines[0]).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\] WARN: first \{"n":1,"text":"a\\nb"\}$/)
    expect(lines[1]).toMatch(/INFO: second$/)
  })
})

describe('stderrTarget', () => {
  test('writes JSON lines where stderr is no terminal', () => {
    expect(stderrTarget({})).toEqual({ fd: 2, readable: false, colors: false })
  })

  test('writes readable lines to a terminal, with colors where it has them', () => {
    expect(stderrTarget({ isTTY: true, hasColors: () => true })).toEqual({ fd: 2, readable: true, colors: true })
    expect(stderrTarget({ isTTY: true, hasColors: () => false })).toEqual({ fd: 2, readable: true, colors: false })
  })
})
