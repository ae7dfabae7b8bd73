import { unlessAborted } from '../connection/promises.ts'

/** What a package of ours has that can do without, or why it is not there, in words. */
export type Loaded<T> = { readonly module: T } | { readonly reason: string }

/** An optional package with a native binary, asked for once. */
export class NativePackage<T extends { loadNative(): unknown }> {
  readonly #name: string
  readonly #load: () => Promise<T>
  #loading: Promise<Loaded<T>> | undefined

  /**
   * @param name - as it is installed.
   * @param load - imports it.
   */
  constructor(name: string, load: () => Promise<T>) {
    this.#name = name
    this.#load = load
  }

  /**
   * The package, its binary loaded.
   *
   * @throws (as a rejection) `signal.reason`. What is being loaded then goes on being loaded: the next one to ask has it.
   */
  get(signal?: AbortSignal): Promise<Loaded<T>> {
    return unlessAborted((this.#loading ??= this.#tryToLoad()), signal)
  }

  async #tryToLoad(): Promise<Loaded<T>> {
    try {
      const module = await this.#load()
      module.loadNative()
      return { module }
    } catch (error) {
      return { reason: this.#reasonOf(error) }
    }
  }

  #reasonOf(error: unknown): string {
    if (!(error instanceof Error)) return String(error)
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ERR_MODULE_NOT_FOUND' && error.message.includes(this.#name)) return `${this.#name} is not installed`
    return error.message.split('\n', 1)[0] as string
  }
}
