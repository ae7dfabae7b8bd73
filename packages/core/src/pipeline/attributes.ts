/** A typed key of {@link Attributes}. Two keys of the same description are different keys. */
export interface AttributeKey<T> {
  readonly description: string
  /** Only for the compiler: the type of the value. */
  readonly valueType?: T
}

/**
 * Makes a key under which one plugin leaves a value for the others of its connection.
 *
 * @example
 * const USER = attributeKey<string>('user')
 * context.attributes.set(USER, 'ada')
 */
export function attributeKey<T>(description: string): AttributeKey<T> {
  return Object.freeze({ description })
}

/** Values that the plugins of one connection share. */
export class Attributes {
  /** Made with the first value: most connections have none. */
  #values: Map<AttributeKey<unknown>, unknown> | undefined

  get<T>(key: AttributeKey<T>): T | undefined {
    return this.#values?.get(key) as T | undefined
  }

  set<T>(key: AttributeKey<T>, value: T): void {
    this.#values ??= new Map()
    this.#values.set(key, value)
  }

  has(key: AttributeKey<unknown>): boolean {
    return this.#values?.has(key) ?? false
  }

  delete(key: AttributeKey<unknown>): boolean {
    return this.#values?.delete(key) ?? false
  }
}
