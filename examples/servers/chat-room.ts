// A chat room that TCP and UDP peers share: connections are observables, and a subject in the middle is the room.
import { Buffer } from 'node:buffer'
import { randomBytes } from 'node:crypto'
import { filter, finalize, map, merge, Subject, type Subscription, tap } from 'rxjs'
import {
  type Connection,
  createTcpServer,
  createUdpServer,
  formatAddress,
  lines,
  sendTo,
  text,
  type UdpSession,
} from 'millrace'
import { type Address, listenOn, runDirectly, type Running } from './shared/running.ts'

type Guest = Connection | UdpSession

/** What everybody hears but who said it. */
interface Said {
  readonly by: Guest
  readonly text: string
}

interface Room {
  readonly said: Subject<Said>
  /** Who is in it, by name. */
  readonly members: Map<string, Guest>
}

/** Longer lines are passed over; a last one without its end counts. In bytes. */
const LINES = { maxLength: 512, onTooLong: 'discard', unterminated: 'emit' } as const
/** Who reads slower than the others talk misses the oldest of what waits. In bytes. */
const HEARING = { limit: 65_536, overflow: 'dropOldest', end: false } as const
const TCP = { idleTimeout: 3_600_000, highWaterMark: 16_384 }
/** A UDP peer cannot hang up: one that is silent for so long has left. */
const UDP = { sessionIdleTimeout: 300_000 }

const NAME = /^[\p{L}\p{N}_-]{3,20}$/u
const toBytes = (line: string): Uint8Array => Buffer.from(`${line}\n`)
/** Nothing that moves a cursor: nobody is to write what looks like another's line. */
const withoutControls = (line: string): string => line.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, '').trim()

/**
 * At the door. Over TCP a name is enough. Over UDP a sender's address is easily forged, so a code goes there that must
 * come back: until then the session answers with no more than three times what it got.
 */
class Door {
  readonly #room: Room
  readonly #guest: Guest
  readonly #code = randomBytes(3).toString('hex')
  #name = ''
  #hearing: Subscription | undefined

  constructor(room: Room, guest: Guest) {
    this.#room = room
    this.#guest = guest
    if (!guest.datagram) this.#tell('name?')
  }

  onLine(line: string): void {
    if (this.#hearing) this.#onWords(line)
    else if (this.#name === '') this.#onName(line)
    else if (line === this.#code) this.#enter()
  }

  leave(): void {
    this.#hearing?.unsubscribe()
    if (this.#room.members.get(this.#name) !== this.#guest) return
    this.#room.members.delete(this.#name)
    this.#say(`* ${this.#name} left`)
  }

  #onName(name: string): void {
    if (!NAME.test(name) || this.#room.members.has(name)) return this.#tell('name?')
    this.#name = name
    if (!this.#guest.datagram) return this.#enter()
    this.#tell(this.#code)
  }

  #enter(): void {
    const { members, said } = this.#room
    if (members.has(this.#name)) {
      // Somebody was faster with the code.
      this.#name = ''
      return this.#tell('name?')
    }
    if ('prove' in this.#guest) this.#guest.prove()
    members.set(this.#name, this.#guest)
    this.#tell(`* here: ${[...members.keys()].join(', ')}`)
    const others$ = said.pipe(filter(({ by }) => by !== this.#guest))
    this.#hearing = others$.pipe(map(({ text: words }) => toBytes(words)), sendTo(this.#guest, HEARING)).subscribe({
      // The guest is gone, as its connection's `closed` tells, too.
      error: () => {},
    })
    this.#say(`* ${this.#name} came over ${this.#guest.transport} from ${formatAddress(this.#guest.remoteAddress)}`)
  }

  #onWords(words: string): void {
    if (words === '/who') this.#tell(`* here: ${[...this.#room.members.keys()].join(', ')}`)
    else if (words === '/quit') void this.#guest.close()
    else this.#say(`<${this.#name}> ${words}`)
  }

  #say(words: string): void {
    this.#room.said.next({ by: this.#guest, text: words })
  }

  #tell(line: string): void {
    this.#guest.write(toBytes(line))
  }
}

function welcome(room: Room, guest: Guest): void {
  const door = new Door(room, guest)
  const lines$ = guest.data$.pipe(lines(LINES).operator, text({ invalid: 'replace' }).operator, map(withoutControls))
  const heard$ = lines$.pipe(filter(Boolean), tap((line) => door.onLine(line)), finalize(() => door.leave()))
  heard$.subscribe({ complete: () => void guest.close(), error: () => {} })
}

/** Opens a room, over TCP and UDP on one port. */
export function startChatRoom(address: Address = {}): Promise<Running> {
  const room: Room = { said: new Subject(), members: new Map() }
  const tcp = createTcpServer(undefined, TCP)
  const udp = createUdpServer(undefined, UDP)
  merge<Guest[]>(tcp.connections$, udp.connections$).subscribe((guest) => welcome(room, guest))
  return listenOn(address, tcp, udp)
}

await runDirectly(import.meta.url, startChatRoom, {
  port: 10_023,
  hint: (port) => `nc 127.0.0.1 ${port}        # say your name first; over UDP: nc -u 127.0.0.1 ${port}`,
})
