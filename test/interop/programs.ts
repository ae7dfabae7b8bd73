import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

/** What a program wrote, and how it ended. */
export interface Ended {
  readonly code: number | null
  readonly stdout: Buffer
  readonly stderr: string
}

const running = new Set<ChildProcessWithoutNullStreams>()

/** Kills what a test has left running. */
export async function killAll(): Promise<void> {
  for (const child of running) {
    child.kill('SIGKILL')
    await once(child, 'close')
  }
}

/** A program that a test talks to while it runs. */
export function start(command: string, ...args: readonly string[]): ChildProcessWithoutNullStreams {
  const child = spawn(command, args)
  running.add(child)
  child.on('close', () => running.delete(child))
  child.stdin.on('error', () => {})
  return child
}

/** Resolves when a stream has said something; what it says after that is let go. Rejects where it ends before. */
export function until(stream: Readable, words: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = ''
    stream.setEncoding('utf8').on('data', (text: string) => (said += text).includes(words) && resolve())
    stream.once('end', () => reject(new Error(`it has ended, having said: ${said}`)))
  })
}

async function finish(child: ChildProcessWithoutNullStreams): Promise<Ended> {
  const [stdout, stderr] = await Promise.all([buffer(child.stdout), buffer(child.stderr), once(child, 'close')])
  return { code: child.exitCode, stdout, stderr: stderr.toString() }
}

/** Runs a program to its end, with all of its input at once. */
export function run(command: readonly string[], input: string | Uint8Array = ''): Promise<Ended> {
  const child = start(command[0] as string, ...command.slice(1))
  child.stdin.end(input)
  return finish(child)
}

/** One of the programs in python/, as a command. */
export function python(name: string, ...args: readonly (string | number)[]): string[] {
  return ['python3', fileURLToPath(new URL(`python/${name}.py`, import.meta.url)), ...args.map(String)]
}

/** A server in python/, which says its port first. */
export class PythonServer {
  readonly port: Promise<number>
  readonly lines: Promise<string[]>

  constructor(name: string, ...args: readonly (string | number)[]) {
    const [command = '', ...rest] = python(name, ...args)
    const child = start(command, ...rest)
    let text = ''
    child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part))
    this.port = once(child.stdout, 'data').then(([first]) => Number.parseInt(first as string, 10))
    this.lines = once(child, 'close').then(() => text.trim().split('\n').slice(1))
  }
}

const RAW = 'import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)'
/** Whether a raw socket can be had here. */
export const mayForge: boolean = spawnSync('python3', ['-c', RAW]).status === 0
