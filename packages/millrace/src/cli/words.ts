import { parseArgs } from 'node:util'
import { unknownFlag } from './server-flags.ts'
import { UsageError } from './usage-error.ts'

/** What a command takes beside its arguments; names without dashes. */
export interface Vocabulary {
  /** Those that take a value. Only `import` may come more than once. */
  readonly flags: readonly string[]
  /** Those that take none. */
  readonly switches: readonly string[]
}

/** A command line taken apart, before anything in it means anything. */
export interface Words {
  readonly flags: ReadonlyMap<string, string>
  readonly imports: readonly string[]
  readonly switches: ReadonlySet<string>
  readonly positionals: readonly string[]
}

interface OptionToken {
  readonly name: string
  readonly rawName: string
  readonly value?: string | undefined
  readonly inlineValue?: boolean | undefined
}

/**
 * Takes apart what stands behind the name of a command: `--flag value`, `--flag=value`, `--switch`, arguments, and `--`, behind
 * which everything is an argument.
 *
 * @throws {@link UsageError}
 */
export function splitWords(vocabulary: Vocabulary, args: readonly string[]): Words {
  const flags = new Map<string, string>()
  const imports: string[] = []
  const switches = new Set<string>()
  const positionals: string[] = []
  for (const token of tokensOf(vocabulary, args)) {
    if (token.kind === 'positional') {
      positionals.push(token.value)
    } else if (token.kind === 'option') {
      checkToken(token, vocabulary)
      const { name, rawName, value = '' } = token
      if (vocabulary.switches.includes(name)) switches.add(name)
      else if (name === 'import') imports.push(value)
      else if (flags.has(name)) throw new UsageError(`${rawName} is given twice`)
      else flags.set(name, value)
    }
  }
  return { flags, imports, switches, positionals }
}

/** Node's own messages speak of `--` and of types: its parser splits here, and what may be said is checked after it. */
function tokensOf({ flags, switches }: Vocabulary, args: readonly string[]): NonNullable<ReturnType<typeof parseArgs>['tokens']> {
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: {
      ...Object.fromEntries(flags.map((flag) => [flag, { type: 'string' as const }])),
      ...Object.fromEntries(switches.map((name) => [name, { type: 'boolean' as const }])),
      help: { type: 'boolean', short: 'h' },
    },
  })
  return tokens
}

function checkToken({ name, rawName, value, inlineValue }: OptionToken, { flags, switches }: Vocabulary): void {
  if (switches.includes(name)) {
    if (value !== undefined) throw new UsageError(`${rawName} takes no value`)
  } else if (!rawName.startsWith('--')) {
    throw new UsageError(`unknown flag "${rawName}"`)
  } else if (!flags.includes(name)) {
    throw unknownFlag(name, [...flags, ...switches])
  } else if (value === undefined || (!inlineValue && value.startsWith('--'))) {
    throw new UsageError(`${rawName} needs a value`)
  }
}
