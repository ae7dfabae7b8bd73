import { describe, expect, test } from 'vitest'
import { entries, exportsOf } from './docs/exports.ts'

/**
 * What leaves these lists breaks somebody's import; what joins them is promised from then on.
 * `npx vitest run test/public-api.test.ts -u` takes a change over.
 */
describe('public API', () => {
  test.each([...entries()])('%s', async (name, file) => {
    const listed = exportsOf(file)
    expect(listed.map(({ name: exported, isType }) => (isType ? `type ${exported}` : exported))).toMatchSnapshot()
    const module = (await import(name)) as object
    const values = listed.filter(({ isType }) => !isType).map((one) => one.name)
    expect(Object.keys(module)).toEqual(expect.arrayContaining(values))
  })

  test('millrace has everything of the others', async () => {
    const all = Object.keys(await import('millrace'))
    for (const name of ['@millrace/core', '@millrace/tcp', '@millrace/udp', '@millrace/plugins']) {
      expect(all).toEqual(expect.arrayContaining(Object.keys((await import(name)) as object)))
    }
  })
})
