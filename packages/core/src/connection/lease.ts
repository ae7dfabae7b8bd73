import type { Inbox } from './inbox.ts'

/** What a reader of an {@link Inbox} is told. None of these may throw. */
export interface Reader<T> {
  /** An item, at once as it arrives. A reader without it pulls by {@link Lease.take}. */
  readonly onItem?: (item: T) => void
  /** For one that pulls: {@link Lease.take} has something again. */
  readonly onReadable?: () => void
  /** For one that pulls: whether it waits for an item just now. */
  readonly waiting?: boolean
  /** For one that pulls: the item that it waits for, without a way through the queue. */
  readonly onAwaited?: (item: T) => void
  /** For one that is pushed to: it hears of a failure after what waits, as one that pulls does, rather than at once. */
  readonly inOrder?: boolean
  /** The clean end, after the last item. */
  readonly onEnd: () => void
  /** The input broke, or this side closed it. For one that pulls, after the last item. */
  readonly onError: (error: Error) => void
}

/** A reader's hold on an {@link Inbox}. */
export interface Lease<T> {
  /** Deliver nothing until {@link resume}. Idempotent. */
  pause(): void
  resume(): void
  /** The oldest item that waits, or undefined where none does. */
  take(): T | undefined
  /** Lets the next reader in; what waits is kept for it. Idempotent. */
  release(): void
}

/** The lease of one reader: what it asks has no effect once another one has the inbox. */
export class InboxLease<T> implements Lease<T> {
  readonly #inbox: Inbox<T>
  readonly #reader: Reader<T>

  constructor(inbox: Inbox<T>, reader: Reader<T>) {
    this.#inbox = inbox
    this.#reader = reader
  }

  pause(): void {
    this.#inbox.pauseFor(this.#reader)
  }

  resume(): void {
    this.#inbox.resumeFor(this.#reader)
  }

  take(): T | undefined {
    return this.#inbox.takeFor(this.#reader)
  }

  release(): void {
    this.#inbox.releaseFor(this.#reader)
  }
}
