interface Described {
  /** One line, for `millrace plugins` and the flags' help. */
  readonly help: string
}

/** A number option. `Infinity` is allowed only where `range` says so. */
export interface NumberOption extends Described {
  readonly type: 'integer' | 'number'
  /** `ms`, `bytes`, `connections`: what one of it is. */
  readonly unit?: string
  /** Smallest and largest value. */
  readonly range: readonly [number, number]
  readonly default?: number
}

/** A yes-or-no option. */
export interface BooleanOption extends Described {
  readonly type: 'boolean'
  readonly default?: boolean
}

/** A text option; `values` lists what it may be, where that is a list. */
export interface StringOption<Values extends string = string> extends Described {
  readonly type: 'string'
  readonly values?: readonly Values[]
  readonly default?: Values
}

/** An option that only code can give: a function, an object. Commands do not know it. */
export interface CodeOption<Value = unknown> extends Described {
  readonly type: 'code'
  /** What it must be, in words: `a function`. */
  readonly expected: string
  readonly check: (value: unknown) => value is Value
}

/** Describes one option to validation, to the command line and to the documentation. Without `default` it may be left out. */
export type OptionDescription = NumberOption | BooleanOption | StringOption | CodeOption

/** The options of a plugin, a server or a client, by name. */
export type OptionDescriptions = Readonly<Record<string, OptionDescription>>

type ValueOf<D> =
  D extends NumberOption ? number
  : D extends BooleanOption ? boolean
  : D extends CodeOption<infer V> ? V
  : D extends { readonly type: 'string'; readonly values: readonly (infer V)[] } ? V
  : D extends StringOption ? string
  : never

/** What a caller may give: every option, none of them needed. */
export type OptionsOf<D extends OptionDescriptions> = { readonly [K in keyof D]?: ValueOf<D[K]> | undefined }

/** What comes out of `resolveOptions`: those with a default are always there. */
export type ResolvedOptions<D extends OptionDescriptions> = {
  readonly [K in keyof D as D[K] extends { readonly default: unknown } ? K : never]: ValueOf<D[K]>
} & {
  readonly [K in keyof D as D[K] extends { readonly default: unknown } ? never : K]?: ValueOf<D[K]>
}
