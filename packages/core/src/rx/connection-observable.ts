import { Observable, type Observer, type Operator, Subscriber, type Subscription } from 'rxjs'
import type { ConnectionInfo, Duplex } from '../connection/connection.ts'
import type { DuplexFaces } from '../connection/duplex-faces.ts'
import type { Inbox } from '../connection/inbox.ts'
import type { Lease, Reader } from '../connection/lease.ts'
import { PluginError } from '../errors/pipeline-errors.ts'

/** What the observables of a connection know of where their items come from. */
export interface Origin {
  readonly connection: ConnectionInfo & Pick<Duplex<unknown, unknown>, 'abort' | 'status'>
  /** Stops reading until the function it returns is called. Several add up. No effect while nobody is subscribed. */
  hold(): () => void
  /** What is read may be lent until the function it returns is called: for a subscriber that keeps nothing of an item. */
  borrow(): () => void
  /** The errors that came from the connection itself: its end, or that it has a reader. */
  readonly told: WeakSet<Error>
}

/**
 * An observable whose items come from a connection, be it by way of operators. RxJS makes the result of an operator by
 * `lift`, so the origin travels down a `pipe` of any length; operators can then hold the connection, and an error that one of
 * them raises ends the connection that it belongs to.
 */
class ConnectionObservable<T> extends Observable<T> {
  readonly origin: Origin

  constructor(origin: Origin, subscribe?: (subscriber: Subscriber<T>) => (() => void) | void) {
    super(subscribe)
    this.origin = origin
  }

  override lift<R>(operator?: Operator<T, R>): Observable<R> {
    const lifted = new ConnectionObservable<R>(this.origin)
    lifted.source = this
    lifted.operator = operator
    return lifted
  }

  override subscribe(observer?: Partial<Observer<T>> | ((value: T) => void) | null, ...rest: Callbacks): Subscription {
    // A Subscriber comes from the next operator down; only the last subscription is the user's own.
    if (observer instanceof Subscriber) return super.subscribe(observer)
    const [error, complete] = rest
    const given = typeof observer === 'function' ? { next: observer, error, complete } : observer
    return super.subscribe({
      next: (value) => given?.next?.(value),
      error: (reason: unknown) => given?.error?.(endWith(this.origin, reason)),
      complete: () => given?.complete?.(),
    })
  }
}

type Callbacks = [error?: ((error: unknown) => void) | null, complete?: (() => void) | null]

/** What an operator makes of a source: an observable with the source's origin, where it has one. */
export function derive<T, R>(
  source: Observable<T>,
  subscribe: (subscriber: Subscriber<R>, observe: (observer: Observer<T>) => Subscription) => () => void,
): Observable<R> {
  const origin = originOf(source)
  const start = (subscriber: Subscriber<R>): (() => void) => {
    const observe = (observer: Observer<T>): Subscription => {
      // Linked before the first item, as the operators of RxJS do it: what has had enough within an item gets no second one.
      const inner = new Subscriber<T>(observer)
      subscriber.add(inner)
      return source.subscribe(inner)
    }
    return subscribe(subscriber, observe)
  }
  return origin ? new ConnectionObservable(origin, start) : new Observable(start)
}

/** An error that came from an operator ends its connection; what the connection itself has told does not. */
function endWith({ connection, told }: Origin, reason: unknown): unknown {
  if (reason instanceof Error && told.has(reason)) return reason
  if (connection.status === 'closed' || connection.status === 'closing') return reason
  const error = toOperatorError(connection, reason)
  connection.abort(error)
  return error
}

/** What an operator threw, as the one error that names where it was. */
export function toOperatorError(connection: ConnectionInfo, reason: unknown): PluginError {
  if (reason instanceof PluginError) return reason
  const { remoteAddress, bytesRead } = connection
  const site = { plugin: 'data$', direction: 'inbound', phase: 'operator', remoteAddress, offset: bytesRead } as const
  return new PluginError(site, reason)
}

/** Where the items of an observable come from, where it is a connection. */
export function originOf(source: unknown): Origin | undefined {
  return source instanceof ConnectionObservable ? source.origin : undefined
}

/** The pushed face of an inbox: subscribing claims it, unsubscribing releases it. */
export function createObservable<T>(
  inbox: Inbox<T>,
  connection: Origin['connection'] & Pick<DuplexFaces<unknown, never>, 'borrow'>,
): Observable<T> {
  const told: WeakSet<Error> = new WeakSet()
  let lease: Lease<T> | undefined
  let holds = 0
  const hold = (): (() => void) => {
    if (holds++ === 0) lease?.pause()
    let held = true
    return () => {
      if (held && --holds === 0) lease?.resume()
      held = false
    }
  }
  return new ConnectionObservable<T>({ connection, hold, borrow: () => connection.borrow(), told }, (subscriber) => {
    const onError = (error: Error): void => {
      told.add(error)
      subscriber.error(error)
    }
    const mine = claim(inbox, { onItem: (item) => subscriber.next(item), onEnd: () => subscriber.complete(), onError })
    if (mine === undefined) return
    lease = mine
    // Before the first item: a subscriber that has enough within it is to get no second one.
    subscriber.add(() => {
      mine.release()
      if (lease === mine) lease = undefined
    })
    if (holds > 0) mine.pause()
    inbox.start()
  })
}

/** Claims an inbox, or tells why that cannot be. */
function claim<T>(inbox: Inbox<T>, reader: Reader<T>): Lease<T> | undefined {
  try {
    return inbox.claim(reader)
  } catch (error) {
    reader.onError(error as Error)
    return undefined
  }
}
