// A folder of files that peers name, and cannot leave: neither `..` nor a link leads out, nothing hidden can be named.
import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { access, type FileHandle, link, open, realpath, rm } from 'node:fs/promises'
import path from 'node:path'

/** Why a name is not served. The words are for the peer, and tell nothing of what is outside. */
export class Refused extends Error {
  readonly why: 'not found' | 'not allowed' | 'exists'
  constructor(why: Refused['why']) {
    super(why)
    this.why = why
  }
}

/** What is being written; nobody sees it before it is kept. */
export interface Upload {
  readonly file: FileHandle
  /** Gives it its name, all at once. @throws {@link Refused} where another one has the name by now. */
  keep(): Promise<void>
  /** To be called in the end, kept or not. */
  close(): Promise<void>
}

const isFree = (file: string): Promise<boolean> => access(file).then(() => false, () => true)

export class Folder {
  readonly #root: string

  /** @param root - as `realpath` gives it. */
  constructor(root: string) {
    this.#root = root
  }

  /** @returns what to read from, at its beginning, and its length in bytes. @throws {@link Refused} */
  async read(name: string): Promise<{ readonly file: FileHandle; readonly length: number }> {
    const real = await this.#resolve(this.#join(name))
    // Without O_NONBLOCK opening a FIFO would wait for its writer.
    const file = await open(real, constants.O_RDONLY | constants.O_NONBLOCK).catch(() => undefined)
    const facts = await file?.stat()
    if (file && facts?.isFile()) return { file, length: facts.size }
    await file?.close()
    throw new Refused('not allowed')
  }

  /** A file that is not there yet: none is written over. @throws {@link Refused} */
  async create(name: string): Promise<Upload> {
    const wanted = this.#join(name)
    const place = path.join(await this.#resolve(path.dirname(wanted)), path.basename(wanted))
    if (!(await isFree(place))) throw new Refused('exists')
    const part = path.join(path.dirname(place), `.${randomUUID()}`)
    const file = await open(part, 'wx').catch(() => Promise.reject(new Refused('not allowed')))
    const keep = (): Promise<void> => link(part, place).catch(() => Promise.reject(new Refused('exists')))
    const close = async (): Promise<void> => {
      await file.close()
      await rm(part)
    }
    return { file, keep, close }
  }

  #join(name: string): string {
    const parts = name.split('/').filter((part) => part !== '')
    if (parts.length === 0 || !parts.every((part) => /^\w[\w.-]*$/.test(part))) throw new Refused('not allowed')
    return path.join(this.#root, ...parts)
  }

  async #resolve(file: string): Promise<string> {
    const real = await realpath(file).catch(() => Promise.reject(new Refused('not found')))
    if (real !== this.#root && !real.startsWith(this.#root + path.sep)) throw new Refused('not allowed')
    return real
  }
}
