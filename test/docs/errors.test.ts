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

interface ErrorClass {
  readonly name: string
  readonly code: string
  readonly fields: readonly string[]
}

/** The classes as they are written. */
function errorClasses(): ErrorClass[] {
  const files = ['connection-errors', 'frame-errors', 'invalid-option-error', 'pipeline-errors', 'server-errors', 'tls-errors']
  const texts = files.map((file) => readFileSync(path.join(root, `packages/core/src/errors/${file}.ts`), 'utf8'))
  const classes = texts.flatMap((text) => [...text.matchAll(/^export class (\w+)([^]*?)^}/gm)])
  return classes.map(([, name = '', body = '']) => {
    const code = /readonly code = '(\w+)'/.exec(body)?.[1] ?? ''
    return { name, code, fields: [...body.matchAll(/^  readonly (\w+):/gm)].map(([, field]) => field as string) }
  })
}

/** What stands under a code's heading. */
const section = (code: string): string => document.text.split(`### ${code}\n`)[1]?.split(/^#/m)[0] ?? ''

describe('docs/errors.md', () => {
  test('has a heading for every code, and for nothing else', () => {
    expect(codes.length).toBeGreaterThan(20)
    expect(documented.toSorted()).toEqual(codes.toSorted())
  })

  test('names the class of each code, and the class is exported', () => {
    const classes = errorClasses()
    expect(classes.map(({ code }) => code).toSorted()).toEqual(codes.toSorted())
    for (const { code, name } of classes) {
      expect(section(code), code).toContain(`\`${name}\``)
      expect(millrace, code).toHaveProperty(name)
    }
  })

  test('names every field that an error has of its own', () => {
    for (const { code, fields } of errorClasses()) {
      for (const field of fields) expect(section(code), code).toContain(`\`${field}\``)
    }
  })
})
