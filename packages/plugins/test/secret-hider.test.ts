import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SecretHider } from '../src/secret-hider.ts'

const hideWhole = (markers: string[], text: string): string =>
  Buffer.from(new SecretHider(markers).hide(Buffer.from(text))).toString()

describe('SecretHider', () => {
  test('hides what follows a marker, up to the end of the line', () => {
    expect(hideWhole(['password='], 'ada password=open sesame\r\nnext')).toBe('ada password=***********\r\nnext')
  })

  test('finds markers in any case, several of them, and characters that mean something to expressions', () => {
    expect(hideWhole(['PASS ', 'token='], 'pass one\nTOKEN=two\n')).toBe('pass ***\nTOKEN=***\n')
    const odd = 'a.b*(c)|d[e]{1}^$\\?+-/'
    expect(hideWhole([odd], `${odd}x\naxb`)).toBe(`${odd}*\naxb`)
  })

  test('hides every byte of a character', () => {
    expect(hideWhole(['pwd=€'], 'PWD=€ü\n')).toBe('PWD=€**\n')
  })

  test('hides the same however the bytes are cut', () => {
    const piece = fc.constantFrom('pw=', 'p', 'w', '=', 'secret', '\n', '\0', 'key: ', 'ke', 'y', ': ', 'ü')
    const text = fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join(''))
    fc.assert(fc.property(text, fc.array(fc.nat(30), { maxLength: 8 }), (text, cuts) => {
      const bytes = Buffer.from(text)
      const hider = new SecretHider(['pw=', 'key: '])
      const edges = [0, ...cuts.filter((cut) => cut < bytes.length).toSorted((a, b) => a - b), bytes.length]
      const pieces = edges.slice(1).map((edge, i) => hider.hide(bytes.subarray(edges[i], edge)))
      expect(Buffer.concat(pieces).toString()).toBe(hideWhole(['pw=', 'key: '], text))
    }), { seed: 5, numRuns: 3000 })
  })

  test('hides up to the end of the line after bytes that it missed', () => {
    const hider = new SecretHider(['pw='])
    hider.missed()
    expect(Buffer.from(hider.hide(Buffer.from('rest\nopen'))).toString()).toBe('****\nopen')
  })

  test('forgets an open secret when reset', () => {
    const hider = new SecretHider(['pw='])
    hider.hide(Buffer.from('pw=x'))
    hider.reset()
    expect(Buffer.from(hider.hide(Buffer.from('open'))).toString()).toBe('open')
  })

  test('leaves the bytes that it is given as they are', () => {
    const bytes = Buffer.from('pw=x')
    new SecretHider(['pw=']).hide(bytes)
    expect(bytes.toString()).toBe('pw=x')
  })
})
