import { inspect } from 'node:util'
import { type Command, type HelpCommand, parseArguments } from './arguments.ts'
import { runConnect } from './connect-command.ts'
import { describeError, isForeseen } from './errors.ts'
import { commandHelp, generalHelp, version } from './help.ts'
import { createRegistry } from './import-plugins.ts'
import { runPlugins } from './plugins-command.ts'
import { complain, print } from './print.ts'
import { runServe } from './serve-command.ts'
import { isUsageError } from './usage-error.ts'

/**
 * Runs the command `millrace`.
 *
 * @param args - without the program: `process.argv.slice(2)`.
 * @returns the exit code: 0 done, 1 failed, 2 bad usage. Never rejects.
 */
export async function run(args: readonly string[]): Promise<number> {
  // Whoever read them has gone: no reason to end with a stack trace.
  process.stdout.on('error', () => {})
  process.stderr.on('error', () => {})
  try {
    return await dispatch(parseArguments(args))
  } catch (error) {
    if (isForeseen(error)) await complain(process.stderr, describeError(error))
    else await print(process.stderr, `${inspect(error)}\n`)
    return isUsageError(error) ? 2 : 1
  }
}

function dispatch(command: Command): Promise<number> {
  switch (command.command) {
    case 'serve':
      return runServe(command)
    case 'connect':
      return runConnect(command)
    case 'plugins':
      return runPlugins(command)
    case 'help':
      return runHelp(command)
    case 'version':
      return say(`${version()}\n`)
  }
}

async function runHelp({ topic, imports }: HelpCommand): Promise<number> {
  if (topic === undefined) return say(generalHelp())
  return say(commandHelp(topic, (await createRegistry(imports)).descriptions))
}

async function say(text: string): Promise<number> {
  await print(process.stdout, text)
  return 0
}
