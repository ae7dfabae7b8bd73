import { constants } from 'node:os'
import type { Clock } from '@millrace/core'
import { type Accepted, acceptedNative } from './accepted.ts'
import { type AcceptOptions, AGAIN, type Poller, READABLE, type ReadyListener } from '../ports/poller.ts'
import { systemError } from '../ports/system-error.ts'

const { ECONNABORTED, EPROTO, ENOPROTOOPT, ENETDOWN, ENETUNREACH, EHOSTDOWN, EHOSTUNREACH, EOPNOTSUPP, EPERM } = constants.errno as Record<
  string,
  number | undefined
>
/** Errors of the connection that would have been next, which is gone with them (accept(2), "Error handling"). */
const OF_ONE: ReadonlySet<number | undefined> = new Set([
  ECONNABORTED, EPROTO, ENOPROTOOPT, ENETDOWN, ENETUNREACH, EHOSTDOWN, EHOSTUNREACH, EOPNOTSUPP, EPERM,
])

/** Connections that are accepted in one go: those that are open have their turn in between. */
const MOST_AT_ONCE = 64
/** How long the system has to recover where it can accept nobody, in ms. */
const RECOVERY = 100

/** What a {@link NativeListening} is made from. */
export interface NativeListeningInit {
  readonly options: AcceptOptions
  readonly clock: Clock
  readonly onAccepted: (accepted: Accepted) => void
  /** The system could accept nobody; it is asked again after a while. */
  readonly onError: (error: Error) => void
}

/** A socket that listens, on the native driver. */
export class NativeListening implements ReadyListener {
  readonly #poller: Poller
  readonly #descriptor: number
  readonly #init: NativeListeningInit
  #closed = false

  /**
   * @param descriptor - of a socket that listens; its owner may close it.
   * @throws the system's error.
   */
  constructor(poller: Poller, descriptor: number, init: NativeListeningInit) {
    this.#poller = poller
    this.#init = init
    this.#descriptor = poller.listen(descriptor, this)
    if (this.#descriptor < 0) throw systemError(this.#descriptor, 'listen')
  }

  /** For {@link Poller}. */
  onReady(): void {
    for (let i = 0; i < MOST_AT_ONCE && !this.#closed; i++) {
      const descriptor = this.#poller.accept(this.#descriptor, this.#init.options)
      if (descriptor === AGAIN) return
      if (descriptor >= 0) this.#init.onAccepted(acceptedNative(this.#poller, descriptor))
      else if (!OF_ONE.has(-descriptor)) return this.#rest(systemError(descriptor, 'accept'))
    }
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#poller.close(this.#descriptor, false)
  }

  /** A socket that has somebody to accept is ready for as long as it is asked. */
  #rest(error: Error): void {
    this.#poller.watch(this.#descriptor, 0, true)
    this.#init.onError(error)
    this.#init.clock.schedule(() => this.#goOn(), RECOVERY)
  }

  #goOn(): void {
    if (this.#closed) return
    const status = this.#poller.watch(this.#descriptor, READABLE, false)
    if (status < 0) this.#rest(systemError(status, 'epoll_ctl'))
  }
}
