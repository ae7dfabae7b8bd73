import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { codeBlocks, readDocument, root, tableRows } from './markdown.ts'

const document = readDocument('docs/lifecycle.md')

/** The members of a union of string literals, as it is written. */
function union(file: string, name: string): string[] {
  const text = readFileSync(path.join(root, file), 'utf8')
  const declaration = new RegExp(`^export type ${name} =([^]*?)\\n(?=\\n)`, 'm').exec(text)?.[1] ?? ''
  return [...declaration.matchAll(/'([\w-]+)'/g)].map(([, member]) => member as string)
}

const words = (cell: string): string => cell.replaceAll('`', '')
const sorted = (texts: readonly string[]): string[] => [...new Set(texts)].toSorted()

interface Drawing {
  readonly statuses: string[]
  readonly inDiagram: string[]
  readonly inTable: string[]
}

/** Every status that a mermaid diagram and a table of transitions speak of, and the transitions themselves. */
function drawn(index: number, heading: string): Drawing {
  const diagram = codeBlocks(document).filter(({ language }) => language === 'mermaid')[index]?.code ?? ''
  const arrows = [...diagram.matchAll(/^ +(\w+) --> (\w+):/gm)]
  const inDiagram = arrows.map(([, from = '', to = '']) => `${from} ${to}`.replaceAll('_', '-'))
  const rows = tableRows(document, heading).filter((row) => row.length === 3)
  const inTable = rows.map(([from = '', to = '']) => words(`${from} ${to}`))
  const statuses = inDiagram.flatMap((arrow) => arrow.split(' '))
  return { statuses: sorted(statuses), inDiagram: sorted(inDiagram), inTable: sorted(inTable) }
}

describe('docs/lifecycle.md', () => {
  test('draws every status of a connection, and its table has the same transitions', () => {
    const { statuses, inDiagram, inTable } = drawn(0, 'A connection')
    expect(statuses).toEqual(union('packages/core/src/connection/connection.ts', 'ConnectionStatus').toSorted())
    expect(inTable).toEqual(inDiagram)
  })

  test('draws every status of a server, and its table has the same transitions', () => {
    const { statuses, inDiagram, inTable } = drawn(1, 'A server')
    expect(statuses).toEqual(union('packages/core/src/server/server.ts', 'ServerStatus').toSorted())
    expect(inTable).toEqual(inDiagram)
  })

  test('says of every status what may be called in it', () => {
    const heads = /^\| call \|(.+)\|$/m.exec(document.text)?.[1]?.split('|').map((cell) => words(cell.trim()))
    expect(heads).toEqual(union('packages/core/src/connection/connection.ts', 'ConnectionStatus'))
  })
})
