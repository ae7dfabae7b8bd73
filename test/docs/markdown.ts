import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository's root. */
export const root: string = fileURLToPath(new URL('../..', import.meta.url))

/** A fenced block of a document. */
export interface CodeBlock {
  /** The first word after the fence: `ts`, `sh`, `text`. */
  readonly language: string
  /** The words after it. */
  readonly marks: readonly string[]
  readonly code: string
  /** Of its first line of code, from 1. */
  readonly line: number
}

/** A Markdown file of the repository. */
export interface MarkdownDocument {
  /** From the root, with `/`. */
  readonly name: string
  readonly text: string
}

/** The documents that speak to users: the README of the repository and of each package, and docs/. */
export function allDocuments(): MarkdownDocument[] {
  const inFolder = (folder: string): string[] =>
    readdirSync(path.join(root, folder)).filter((file) => file.endsWith('.md')).map((file) => `${folder}/${file}`)
  const packages = readdirSync(path.join(root, 'packages')).flatMap((name) => inFolder(`packages/${name}`))
  return ['README.md', ...inFolder('docs'), ...packages.filter((name) => name.endsWith('/README.md'))].map(readDocument)
}

export function readDocument(name: string): MarkdownDocument {
  return { name, text: readFileSync(path.join(root, name), 'utf8') }
}

/** Every fenced block. */
export function codeBlocks({ text }: MarkdownDocument): CodeBlock[] {
  const blocks: CodeBlock[] = []
  for (const match of text.matchAll(/^```(\w+)([^\n]*)\n([^]*?)^```$/gm)) {
    const [, language = '', marks = '', code = ''] = match
    const line = text.slice(0, match.index).split('\n').length + 1
    blocks.push({ language, marks: marks.split(' ').filter((mark) => mark !== ''), code, line })
  }
  return blocks
}

/** What a block that is run prints: the `text` block right after it. */
export function outputAfter({ text }: MarkdownDocument, block: CodeBlock): string | undefined {
  const rest = text.split('\n').slice(block.line - 1).join('\n').slice(block.code.length)
  return /^```\n+```text\n([^]*?)^```$/m.exec(rest)?.[1]
}

/** The text without its fenced blocks. */
export function prose({ text }: MarkdownDocument): string {
  return text.replaceAll(/^```[^]*?^```$/gm, '')
}

/** The headings of a document, without their marks. */
export function headings(document: MarkdownDocument, level = '#{1,6}'): string[] {
  return [...prose(document).matchAll(new RegExp(`^${level} (.+)$`, 'gm'))].map(([, heading = '']) => heading.trim())
}

/** The rows of all tables under a heading, up to the next one of the same level or higher; each a list of its cells. */
export function tableRows({ text }: MarkdownDocument, heading: string): string[][] {
  const start = text.indexOf(`## ${heading}\n`)
  if (start === -1) throw new Error(`there is no heading "${heading}"`)
  const section = text.slice(start).split(/^## /m)[1] ?? ''
  const lines = section.split('\n').filter((line) => line.startsWith('|') && !/^\|[- |]+\|$/.test(line))
  return lines.slice(1).map((line) => line.split(/(?<!\\)\|/).slice(1, -1).map((cell) => cell.trim()))
}
