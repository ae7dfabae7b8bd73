import { existsSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { allDocuments, headings, type MarkdownDocument, prose, readDocument, root } from './markdown.ts'

const documents = [...allDocuments(), ...['CONTRIBUTING.md', 'SECURITY.md'].map(readDocument)]

const anchorOf = (heading: string): string => heading.toLowerCase().replaceAll(/[^\w\- ]/g, '').replaceAll(' ', '-')

/** What a document links to, addresses of the web aside. */
function links(document: MarkdownDocument): string[] {
  const text = prose(document)
  const inline = [...text.matchAll(/\]\(([^)\s]+)\)/g)]
  const references = [...text.matchAll(/^\[[^\]]+\]: (\S+)$/gm)]
  return [...inline, ...references].map(([, target]) => target as string).filter((target) => !/^\w+:/.test(target))
}

describe('links between documents', () => {
  test.each(documents)('$name links to what is there', (document) => {
    const { name } = document
    for (const link of links(document)) {
      const [file = '', anchor] = link.split('#')
      const target = file === '' ? name : path.posix.join(path.posix.dirname(name), file)
      expect.soft(existsSync(path.join(root, target)), link).toBe(true)
      if (anchor !== undefined) expect.soft(headings(readDocument(target)).map(anchorOf), link).toContain(anchor)
    }
  })

  test('every page of docs is reached from the README', () => {
    const linked = new Set(links(readDocument('README.md')))
    for (const { name } of documents) if (name.startsWith('docs/')) expect.soft(linked, name).toContain(name)
  })
})
