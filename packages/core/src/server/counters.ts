import type { ServerEvent } from './events.ts'
import type { ServerCounters } from './server.ts'

type Counts<Key extends string> = Partial<Record<Key, number>>

const add = <Key extends string>(counts: Counts<Key>, key: Key): void => {
  counts[key] = (counts[key] ?? 0) + 1
}

/** Counts the events of a server. */
export class EventCounter implements ServerCounters {
  accepted = 0
  refused = 0
  failed = 0
  framesDropped = 0
  datagramsDropped = 0
  readonly refusedFor: Counts<keyof ServerCounters['refusedFor']> = {}
  readonly datagramsDroppedFor: Counts<keyof ServerCounters['datagramsDroppedFor']> = {}

  count(event: ServerEvent): void {
    switch (event.type) {
      case 'connection-opened':
        this.accepted++
        break
      case 'connection-refused':
        this.refused++
        add(this.refusedFor, event.reason)
        break
      case 'connection-closed':
        if (event.error) this.failed++
        break
      case 'frame-dropped':
        this.framesDropped++
        break
      case 'datagram-dropped':
        this.datagramsDropped++
        add(this.datagramsDroppedFor, event.reason)
        break
      default:
    }
  }

  /** A copy that stays as it is. */
  snapshot(): ServerCounters {
    const { accepted, refused, failed, framesDropped, datagramsDropped } = this
    const refusedFor = { ...this.refusedFor }
    const datagramsDroppedFor = { ...this.datagramsDroppedFor }
    return { accepted, refused, refusedFor, failed, framesDropped, datagramsDropped, datagramsDroppedFor }
  }
}
