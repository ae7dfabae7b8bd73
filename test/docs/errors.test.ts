import { readFileSync } from 'node:fs'
import path from 'node:path'
import * as millrace from 'millrace'
import { describe, expect, test } from 'vitest'
import { headings, readDocument, root } from './markdown.ts'

const document = readDocument('docs/errors.md')
const documented = headings(document, '###')

/** The union as it is written. */
const source = readFileSync(path.join(root, 'packages/core/src/errors/base.ts'), 'utf8')
const codes = [...source.matchAll(/\| '(MILLRACE_ERR_\w+)'/g)].map(([, code]) => code as string)

/** The classes there are, by the code in their sources. */
function classesByCode(): Map<string, string> {
  const files = ['connection-errors', 'frame-errors', 'invalid-option-error', 'pipeline-errors', 'server-errors']
  const found = new Map<string, string>()
  for (const file of files) {
    const text = readFileSync(path.join(root, `packages/core/src/errors/${file}.ts`), 'utf8')
    for (const [, name = '', code = ''] of text.matchAll(/^export class (\w+)[^]*?readonly code = '(\w+)'/gm)) found.set(code, name)
  }
  return found
}

/** What stands under a code's heading. */
const section = (code: string): string => document.text.split(`### ${code}\n`)[1]?.split(/^#/m)[0] ?? ''

describe('docs/errors.md', () => {
  test('has a heading for every code, and for nothing else', () => {
    expect(codes.length).toBeGreaterThan(20)
    expect(documented.toSorted()).toEqual(codes.toSorted())
  })

  test('names the class of each code, and the class is exported', () => {
    const classes = classesByCode()
    expect([...classes.keys()].toSorted()).toEqual(codes.toSorted())
    for (const [code, name] of classes) {
      expect(section(code), code).toContain(`\`${name}\``)
      expect(millrace, code).toHaveProperty(name)
    }
  })

  test('names every field that an error has of its own', () => {
    const files = ['connection-errors', 'frame-errors', 'invalid-option-error', 'pipeline-errors', 'server-errors']
    for (const file of files) {
      const text = readFileSync(path.join(root, `packages/core/src/errors/${file}.ts`), 'utf8')
      for (const [, body = ''] of text.matchAll(/^export class ([^]*?^})/gm)) {
        const code = /readonly code = '(\w+)'/.exec(body)?.[1] as string
        for (const [, field] of body.matchAll(/^  readonly (\w+):/gm)) expect(section(code), code).toContain(`\`${field}\``)
      }
    }
  })
})
