import { readFileSync } from 'node:fs'
import path from 'node:path'
import { root } from './markdown.ts'

/** One name that a module exports. */
export interface PublicExport {
  readonly name: string
  readonly isType: boolean
  /** Where it is declared, from the root. */
  readonly file: string
}

const DECLARED = 'export (?:declare )?(?:abstract )?(?:async )?(interface|type|class|const|function\\*?)'

/** Every entry of the packages, by the name it is imported under. */
export function entries(): Map<string, string> {
  const found = new Map<string, string>()
  for (const folder of ['core', 'tcp', 'tcp-native', 'udp', 'udp-native', 'plugins', 'millrace']) {
    const manifest = JSON.parse(readFileSync(path.join(root, 'packages', folder, 'package.json'), 'utf8')) as {
      name: string
      exports: Record<string, { '@millrace/source': string }>
    }
    for (const [subpath, { '@millrace/source': source }] of Object.entries(manifest.exports)) {
      found.set(path.posix.join(manifest.name, subpath), path.posix.join('packages', folder, source))
    }
  }
  return found
}

/** What a module exports, what it passes on from its own package included; not what it passes on from others. */
export function exportsOf(file: string): PublicExport[] {
  const text = readFileSync(path.join(root, file), 'utf8')
  const next = (from: string): string => path.posix.join(path.posix.dirname(file), from)
  const stars = [...text.matchAll(/^export \* from '(\.[^']+)'/gm)].flatMap(([, from = '']) => exportsOf(next(from)))
  const braces = [...text.matchAll(/^export (type )?\{([^}]*)\}(?: from '(\.[^']+)')?/gm)]
  const lists = braces.flatMap(([, type, list = '', from]) =>
    namesIn(list).map(({ name, isType }) => {
      return { name, isType: isType || type !== undefined, file: from === undefined ? file : next(from) }
    }),
  )
  const own = [...text.matchAll(new RegExp(`^${DECLARED} (\\w+)`, 'gm'))].map(([, kind = '', name = '']) => {
    return { name, isType: kind === 'interface' || kind === 'type', file }
  })
  const all = new Map([...stars, ...lists, ...own].map((found) => [found.name, resolve(found)]))
  return [...all.values()].toSorted((a, b) => a.name.localeCompare(b.name, 'en'))
}

/** What stands between the braces of an export: `name, type name, name as other`. */
function namesIn(list: string): Pick<PublicExport, 'name' | 'isType'>[] {
  const items = list.split(',').map((item) => item.trim()).filter((item) => item !== '')
  const nameOf = (item: string): string => item.replace(/^type /, '').replace(/^.* as /, '')
  return items.map((item) => ({ name: nameOf(item), isType: item.startsWith('type ') }))
}

/** The file where a name that is passed on is declared. */
function resolve(found: PublicExport): PublicExport {
  if (declarationOf(found) !== undefined) return found
  const text = readFileSync(path.join(root, found.file), 'utf8')
  const list = new RegExp(`^export (?:type )?\\{[^}]*\\b${found.name}\\b[^}]*\\} from '(\\.[^']+)'`, 'm')
  const passedOn = list.exec(text)?.[1]
  if (passedOn === undefined) return found
  return resolve({ ...found, file: path.posix.join(path.posix.dirname(found.file), passedOn) })
}

/** The text before the declaration of a name, up to it; undefined where it is not declared in its file. */
export function declarationOf({ name, file }: PublicExport): string | undefined {
  const text = readFileSync(path.join(root, file), 'utf8')
  const index = text.search(new RegExp(`^${DECLARED} ${name}\\b`, 'm'))
  return index === -1 ? undefined : text.slice(0, index)
}
