import { Buffer } from 'node:buffer'

const quoteForRegExp = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')

/**
 * Hides what follows a marker (`password=`) up to the end of the line, in bytes that come in pieces of any size. It
 * hides by position, so nothing of a secret shows however the bytes are cut; a marker cut in two is found as well.
 *
 * One for each direction of each connection. Time is linear in the bytes, memory at most the longest marker.
 *
 * @example
 * new SecretHider(['password=']).hide(Buffer.from('user=ada password=enigma\nhi')) // user=ada password=******\nhi
 */
export class SecretHider {
  readonly #pattern: RegExp
  readonly #overlap: number
  /** What came last, as far as it may begin a marker. One character stands for one byte, here and below. */
  #before = ''
  #hiding = false

  /** @param markers - not empty, nor is any of them; upper and lower case of ASCII letters are the same. */
  constructor(markers: readonly string[]) {
    const bytes = markers.map((marker) => Buffer.from(marker, 'utf8').toString('latin1'))
    this.#pattern = new RegExp(`(${bytes.map(quoteForRegExp).join('|')})([^\\r\\n\\0]*)`, 'gi')
    this.#overlap = Math.max(...bytes.map((marker) => marker.length)) - 1
  }

  /** @returns new bytes, as many as were given, with `*` for each that is hidden. */
  hide(bytes: Uint8Array): Uint8Array {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
    const open = this.#hiding ? lineEnd(text) : 0
    return Buffer.from('*'.repeat(open) + this.#hideFrom(text.slice(open)), 'latin1')
  }

  #hideFrom(text: string): string {
    // Still inside the secret: nothing but the end of its line ends it.
    if (this.#hiding && text === '') return ''
    const before = this.#before
    const whole = before + text
    this.#hiding = false
    const hidden = whole.replace(this.#pattern, (match, marker: string, secret: string, at: number) => {
      this.#hiding = at + match.length === whole.length
      return marker + '*'.repeat(secret.length)
    })
    this.#before = this.#overlap === 0 ? '' : whole.slice(-this.#overlap)
    return hidden.slice(before.length)
  }

  /** Some bytes went by unseen: hides all that comes up to the next end of a line. */
  missed(): void {
    this.#hiding = true
  }

  /** The next bytes have nothing to do with those before. */
  reset(): void {
    this.#before = ''
    this.#hiding = false
  }
}

function lineEnd(text: string): number {
  const at = text.search(/[\r\n\0]/)
  return at < 0 ? text.length : at
}
