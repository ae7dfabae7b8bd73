// A key-value server that Redis clients talk to, with pipelining and pub/sub, over TCP, TLS and Unix sockets.
import { Buffer } from 'node:buffer'
import { FrameError, handle, type MessageConnection, pipeline, PluginError, serve } from 'millrace'
import type { ServeOptions, Serving } from 'millrace'
import { resp } from './resp/codec.ts'
import { type Command, type Reply, RespError } from './resp/messages.ts'
import { Store } from './resp/store.ts'
import { runDirectly, runningOf } from './shared/running.ts'

type Client = MessageConnection<Command, Reply>
/** What a command has to work with: the words behind its name, and whose it is. */
interface Call {
  readonly words: Command
  readonly client: Client
  readonly channels: Set<string>
}
interface CommandSpec {
  /** How many words may stand behind its name. */
  readonly words: readonly [least: number, most: number]
  /** Gives one reply, or with `several` a list of them. */
  readonly run: (call: Call) => Reply
  readonly several?: true
  /** Whether it may be called by those who have subscribed. */
  readonly subscribed?: true
}
type Commands = Readonly<Record<string, CommandSpec>>

const ANY = Infinity
const MAX_CHANNELS = 1024
const OK: Reply = 'OK'
const bytes = (text: string | number): Uint8Array => Buffer.from(String(text), 'latin1')
/** A key, a channel or a number, whatever its bytes are. */
const name = (word: Uint8Array | undefined): string => (word === undefined ? '' : Buffer.from(word).toString('latin1'))

/** The commands, over a store and channels of their own. */
function makeCommands(store: Store, channels: Map<string, Set<Client>>): Commands {
  const subscribe = ({ words, client, channels: own }: Call): Reply[] =>
    words.map(name).map((channel) => {
      if (own.size >= MAX_CHANNELS) throw new RespError(`ERR more than ${MAX_CHANNELS} channels`)
      own.add(channel)
      channels.set(channel, (channels.get(channel) ?? new Set()).add(client))
      return [bytes('subscribe'), bytes(channel), own.size]
    })
  const unsubscribe = ({ words, client, channels: own }: Call): Reply[] => {
    const leave = (channel: string): Reply => {
      own.delete(channel)
      const others = channels.get(channel)
      if (others?.delete(client) && others.size === 0) channels.delete(channel)
      return [bytes('unsubscribe'), bytes(channel), own.size]
    }
    const left = words.length > 0 ? words.map(name) : [...own]
    return left.length > 0 ? left.map(leave) : [[bytes('unsubscribe'), null, 0]]
  }
  const publish = ({ words: [channel, message] }: Call): Reply => {
    const subscribers = channels.get(name(channel)) ?? new Set()
    // One that does not read is cut off at maxWriteBuffer.
    for (const client of subscribers) client.write([bytes('message'), channel as Uint8Array, message as Uint8Array])
    return subscribers.size
  }
  const set = ({ words: [key, value, unit, time] }: Call): Reply =>
    store.set(name(key), value as Uint8Array, ttlOf(unit, time))
  const config = ({ words: [verb, key] }: Call): Reply =>
    name(verb).toUpperCase() === 'GET' ? [key ?? bytes(''), bytes('')] : OK
  const ping = ({ words: [word], channels: own }: Call): Reply =>
    own.size > 0 ? [bytes('pong'), word ?? bytes('')] : word ?? 'PONG'

  return {
    PING: { words: [0, 1], run: ping, subscribed: true },
    ECHO: { words: [1, 1], run: ({ words: [word] }) => word as Uint8Array },
    GET: { words: [1, 1], run: ({ words: [key] }) => store.get(name(key)) ?? null },
    SET: { words: [2, 4], run: set },
    DEL: { words: [1, ANY], run: ({ words }) => words.filter((key) => store.delete(name(key))).length },
    EXISTS: { words: [1, ANY], run: ({ words }) => words.filter((key) => store.get(name(key))).length },
    INCR: { words: [1, 1], run: ({ words: [key] }) => store.increment(name(key)) },
    EXPIRE: { words: [2, 2], run: ({ words: [key, time] }) => Number(store.expire(name(key), 1000 * integer(time))) },
    TTL: { words: [1, 1], run: ({ words: [key] }) => store.secondsLeft(name(key)) },
    SUBSCRIBE: { words: [1, ANY], run: subscribe, several: true, subscribed: true },
    UNSUBSCRIBE: { words: [0, ANY], run: unsubscribe, several: true, subscribed: true },
    PUBLISH: { words: [2, 2], run: publish },
    // What clients ask before they begin.
    COMMAND: { words: [0, ANY], run: () => [] },
    CONFIG: { words: [1, ANY], run: config },
    CLIENT: { words: [1, ANY], run: () => OK },
    INFO: { words: [0, ANY], run: () => bytes('# Server\r\nredis_version:7.0.0\r\nloading:0\r\n') },
  }
}

/** @throws {@link RespError} */
function integer(word: Uint8Array | undefined): number {
  const text = name(word)
  if (!/^-?\d{1,15}$/.test(text)) throw new RespError('ERR value is not an integer or out of range')
  return Number(text)
}

/** In milliseconds, of `EX 10` or `PX 10000`. */
function ttlOf(unit: Uint8Array | undefined, time: Uint8Array | undefined): number {
  if (unit === undefined) return Infinity
  const scale = { EX: 1000, PX: 1 }[name(unit).toUpperCase()]
  if (scale === undefined || time === undefined) throw new RespError('ERR syntax error')
  return scale * integer(time)
}

/** Answers one command: with several replies where it names several channels. */
function answer(commands: Commands, [first, ...words]: Command, caller: Omit<Call, 'words'>): readonly Reply[] {
  // Of what a client sends, an answer repeats nothing but letters.
  const verb = name(first).slice(0, 64).toUpperCase()
  const command = /^[A-Z]+$/.test(verb) && Object.hasOwn(commands, verb) ? commands[verb] : undefined
  if (command === undefined) return [new RespError(`ERR unknown command '${verb.replace(/[^A-Z]/g, '?')}'`)]
  const [least, most] = command.words
  if (words.length < least || words.length > most) return [new RespError(`ERR wrong number of arguments for '${verb}'`)]
  if (caller.channels.size > 0 && !command.subscribed) return [new RespError(`ERR ${verb} while subscribed`)]
  try {
    const reply = command.run({ words, ...caller })
    return command.several ? (reply as readonly Reply[]) : [reply]
  } catch (error) {
    if (error instanceof RespError) return [error]
    throw error
  }
}

/** Clients may be silent for long; those that do not take what they subscribed to are cut off at 8 MiB. */
const LIMITS = { idleTimeout: 0, maxWriteBuffer: 8 * 1024 * 1024 }

/** Serves one store over TCP, over TLS, on a Unix socket, or on all of them. */
export function startRespServer(on: Pick<ServeOptions, 'tcp' | 'tls' | 'unix'>): Promise<Serving<Command, Reply>> {
  const channels = new Map<string, Set<Client>>()
  const commands = makeCommands(new Store({ maxBytes: 256 * 1024 * 1024 }), channels)
  const clients = handle<Command, Reply>(async (client) => {
    const caller = { client, channels: new Set<string>() }
    try {
      for await (const command of client) {
        for (const reply of answer(commands, command, caller)) if (!client.write(reply)) await client.drain()
      }
    } catch (error) {
      // It comes behind the commands that were right, and the connection ends behind the last word.
      if (!(error instanceof PluginError && error.cause instanceof FrameError)) throw error
      client.write(new RespError(`ERR Protocol error: ${error.cause.message}`))
    } finally {
      answer(commands, [bytes('UNSUBSCRIBE')], caller)
    }
  })
  const within = <L extends object>(listener: L | undefined) => listener && { ...LIMITS, ...listener }
  return serve(pipeline(resp(), clients), { tcp: within(on.tcp), tls: within(on.tls), unix: within(on.unix) })
}

await runDirectly(import.meta.url, async ({ tls, ...tcp }) => runningOf(await startRespServer({ tcp, tls })), {
  port: 10_379,
  hint: (port) => `redis-cli -p ${port} SET greeting hello`,
  tlsHint: (port) => `redis-cli -p ${port} --tls --insecure PING`,
})
