import { channel, type Channel } from 'node:diagnostics_channel'
import { type Observable, Subject } from 'rxjs'
import { EventCounter } from './counters.ts'
import type { ServerEvent } from './events.ts'
import type { ServerCounters } from './server.ts'

const channels: Map<string, Channel> = new Map()

/** The diagnostics channel of a type of event: `millrace:connection-opened` and so on (node:diagnostics_channel). */
function channelOf(type: ServerEvent['type']): Channel {
  let found = channels.get(type)
  if (found === undefined) channels.set(type, (found = channel(`millrace:${type}`)))
  return found
}

/** Where the news of one server go: counted, to `events$`, to the diagnostics channel. */
export class EventHub {
  readonly #counter: EventCounter = new EventCounter()
  readonly #subject: Subject<ServerEvent> = new Subject()
  readonly events$: Observable<ServerEvent> = this.#subject.asObservable()

  get counters(): ServerCounters {
    return this.#counter.snapshot()
  }

  /** Never throws: a subscriber that does is the process's affair, as RxJS and diagnostics_channel define it. */
  readonly report = (event: ServerEvent): void => {
    this.#counter.count(event)
    if (this.#subject.observed) this.#subject.next(event)
    const { hasSubscribers } = channelOf(event.type)
    if (hasSubscribers) channelOf(event.type).publish(event)
  }

  complete(): void {
    this.#subject.complete()
  }
}
