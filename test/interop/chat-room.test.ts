import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { startChatRoom } from '../../examples/servers/chat-room.ts'
import type { Running } from '../../examples/servers/shared/running.ts'
import { killAll, start } from './programs.ts'

const within = { timeout: 20_000, interval: 10 }

/** Somebody at a terminal with nc or socat. */
class Person {
  readonly program: ChildProcessWithoutNullStreams
  heard = ''

  constructor(command: readonly string[]) {
    const [name = '', ...args] = command
    this.program = start(name, ...args)
    this.program.stdout.setEncoding('utf8').on('data', (text: string) => (this.heard += text))
  }

  say(line: string): void {
    this.program.stdin.write(`${line}\n`)
  }

  async hears(words: string | RegExp): Promise<void> {
    await vi.waitFor(() => expect(this.heard).toMatch(words), within)
  }
}

describe('chat-room', () => {
  let room: Running
  beforeEach(async () => {
    room = await startChatRoom()
  })
  afterEach(async () => {
    await killAll()
    await room.close()
    expect(await room.closed).toEqual({ cutOff: 0 })
  })

  const nc = (...options: readonly string[]) => () => ['nc', ...options, '127.0.0.1', String(room.port)]
  const socat = (kind: string) => () => ['socat', '-', `${kind}:127.0.0.1:${room.port}`]
  const clients = { nc: { tcp: nc(), udp: nc('-u') }, socat: { tcp: socat('TCP'), udp: socat('UDP') } }
  const comeByTcp = async (name: string, client: 'nc' | 'socat' = 'nc'): Promise<Person> => {
    const person = new Person(clients[client].tcp())
    await person.hears('name?')
    person.say(name)
    await person.hears('* here:')
    return person
  }
  const comeByUdp = async (name: string, client: 'nc' | 'socat' = 'nc'): Promise<Person> => {
    const person = new Person(clients[client].udp())
    person.say(name)
    await person.hears(/^[0-9a-f]{6}\n/)
    person.say(person.heard.trim())
    await person.hears('* here:')
    return person
  }

  test.each(['nc', 'socat'] as const)('%s over TCP and UDP talk to each other', async (client) => {
    const ada = await comeByTcp('ada', client)
    const bob = await comeByUdp('bob', client)
    expect(bob.heard).toContain('* here: ada, bob\n')
    await ada.hears(/\* bob came over udp from 127\.0\.0\.1:\d+\n/)
    ada.say('grüß dich, bob')
    bob.say('hello\x1b[2J, ada\r')
    await ada.hears('<bob> hello[2J, ada\n')
    await bob.hears('<ada> grüß dich, bob\n')
    bob.say('/who')
    await bob.hears(/here: ada, bob\n[^]*here: ada, bob\n/)
    bob.say('/quit')
    await ada.hears('* bob left\n')
    expect(ada.heard).not.toContain('<ada>')
  })

  test('whoever ends their input leaves, and their name is free', async () => {
    const ada = await comeByTcp('ada')
    const bob = await comeByTcp('bob', 'socat')
    bob.say('last words')
    bob.program.stdin.end()
    await ada.hears('<bob> last words\n* bob left\n')
    const other = new Person(clients.nc.tcp())
    await other.hears('name?')
    for (const name of ['ada', 'x', 'two words', 'bob']) other.say(name)
    await other.hears('name?\nname?\nname?\nname?\n* here: ada, bob\n')
  })

  test('nobody comes in over UDP without the code that was sent there', async () => {
    const ada = await comeByTcp('ada')
    const mallory = new Person(clients.nc.udp())
    mallory.say('mallory')
    await mallory.hears(/^[0-9a-f]{6}\n$/)
    mallory.say('000000 not it')
    mallory.say('let me in')
    ada.say('who is there?')
    const bob = await comeByUdp('bob')
    expect(bob.heard).toContain('* here: ada, bob\n')
    expect(ada.heard).not.toContain('mallory')
    expect(mallory.heard).toMatch(/^[0-9a-f]{6}\n$/)
  })

  test('who does not read misses what is oldest, and holds nobody up', async () => {
    const [slow, fast, loud] = [await comeByTcp('slow'), await comeByTcp('fast', 'socat'), await comeByTcp('loud')]
    await fast.hears('* loud came')
    slow.program.kill('SIGSTOP')
    const line = `${'x'.repeat(500)}\n`
    for (let sent = 0; sent < 32; sent++) {
      if (!loud.program.stdin.write(line.repeat(1000))) await once(loud.program.stdin, 'drain')
    }
    loud.say('the end')
    await fast.hears('<loud> the end\n')
    slow.program.kill('SIGCONT')
    await slow.hears('<loud> the end\n')
    expect(slow.heard.split('\n').length).toBeLessThan(32_000)
    slow.say('what did I miss?')
    await fast.hears('<slow> what did I miss?\n')
  })
})
