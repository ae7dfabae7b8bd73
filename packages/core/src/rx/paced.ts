import { from, type ObservableInput, type OperatorFunction, type Subscription } from 'rxjs'
import { InvalidOptionError } from '../errors/invalid-option-error.ts'
import { derive, originOf } from './connection-observable.ts'

/**
 * Maps each item to a promise or an observable, one at a time and in order, and stops reading from the connection until it is
 * done: a `concatMap` that cannot grow. Goes directly on `data$`, because what an operator in between has buffered, nobody can
 * hold back.
 *
 * On a UDP session, which cannot make its peer wait, datagrams queue up to the session's bound and are then dropped and counted.
 *
 * @param project - called with each item; what it gives is passed on.
 * @throws {@link InvalidOptionError} when the source is no connection's `data$`.
 *
 * @example
 * connection.data$.pipe(paced(async (chunk) => lookUp(chunk)), sendTo(connection)).subscribe()
 */
export function paced<T, R>(project: (item: T) => ObservableInput<R>): OperatorFunction<T, R> {
  return (source) => {
    const origin = originOf(source)
    if (origin === undefined || source.source) {
      throw new InvalidOptionError('paced source', "a connection's data$ itself, with no operator between", source)
    }
    return derive<T, R>(source, (subscriber, observe) => {
      let ended = false
      let release: (() => void) | undefined
      let inner: Subscription | undefined
      const done = (): void => {
        const resume = release
        release = undefined
        resume?.()
        if (ended && release === undefined) subscriber.complete()
      }
      const start = (item: T): void => {
        release = origin.hold()
        try {
          const input = from(project(item))
          inner = input.subscribe({
            next: (value) => subscriber.next(value),
            error: (error) => subscriber.error(error),
            complete: done,
          })
        } catch (error) {
          subscriber.error(error)
        }
      }
      const outer = observe({
        next: start,
        error: (error) => subscriber.error(error),
        complete: () => {
          ended = true
          if (release === undefined) subscriber.complete()
        },
      })
      return () => {
        outer.unsubscribe()
        inner?.unsubscribe()
        release?.()
      }
    })
  }
}
