import { plugins as builtIn } from '@millrace/plugins'
import { describe, expect, test } from 'vitest'
import { createRegistry } from '../../src/cli/import-plugins.ts'
import { UsageError } from '../../src/cli/usage-error.ts'
import { fixture } from './command.ts'

const names = async (files: readonly string[]): Promise<string[]> =>
  (await createRegistry(files)).descriptions.map(({ name }) => name)

describe('createRegistry', () => {
  test('knows the plugins that come with Millrace', async () => {
    expect(await names([])).toEqual(builtIn.map(({ description }) => description.name))
  })

  test('adds the default exports of the modules, one or an array', async () => {
    const files = [fixture('plugins.mjs'), fixture('unbuildable.mjs')]
    expect((await names(files)).slice(builtIn.length)).toEqual(['boom', 'tenfold', 'words', 'unbuildable'])
  })

  test.each([
    ['missing.mjs', /^cannot import ".*missing\.mjs": there is no such file \(ENOENT\)$/],
    ['.', /^cannot import ".*": it is a directory$/],
    ['throws.mjs', /^cannot import ".*throws\.mjs": Error: first line$/],
    ['no-default.mjs', /^".*no-default\.mjs" exports no plugin: its default export must be a plugin or an array of plugins$/],
    ['no-plugin.mjs', /^cannot use the default export of ".*no-plugin\.mjs": option "plugin" must be made with definePlugin, or a plugin class, not an object$/],
    ['taken.mjs', /^cannot use the default export of ".*taken\.mjs": there already is a plugin named "echo"$/],
  ])('refuses %s in one line', async (file, message) => {
    const error = await createRegistry([fixture(file)]).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(UsageError)
    expect((error as Error).message).toMatch(message)
  })
})
