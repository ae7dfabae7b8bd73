import type { Observable, OperatorFunction } from 'rxjs'
import type { Duplex } from '../connection/connection.ts'
import { BufferOverflowError } from '../errors/connection-errors.ts'
import type { OptionDescriptions, OptionsOf } from '../options/option-description.ts'
import { resolveOptions } from '../options/resolve-options.ts'
import { derive, originOf, toOperatorError } from './connection-observable.ts'

export const SEND_TO_OPTIONS = {
  limit: {
    type: 'integer',
    unit: 'bytes',
    range: [1, 2 ** 30],
    default: 4 * 1024 * 1024,
    help: 'bytes that may wait here while the peer is behind',
  },
  overflow: {
    type: 'string',
    values: ['error', 'dropOldest', 'dropNewest'],
    default: 'error',
    help: 'what happens to an item for which there is no room: the connection fails, or an item is dropped',
  },
  end: { type: 'boolean', default: true, help: 'half-close when the source completes' },
} as const satisfies OptionDescriptions

/** Options of {@link sendTo}. */
export type SendToOptions = OptionsOf<typeof SEND_TO_OPTIONS>

/** What an item counts for: its bytes, or for a message that is not bytes a flat charge. */
const MESSAGE_CHARGE = 128
const sizeOf = (item: unknown): number => (item instanceof Uint8Array ? item.length : MESSAGE_CHARGE)

/**
 * Writes each item to a connection, and half-closes it when the source completes. Emits nothing; completes when everything has
 * been handed over.
 *
 * While the peer is behind, items wait here. If the source is a connection's `data$` (operators in between or not), that
 * connection is not read meanwhile, so what waits is what one read expands to and what operators in between had buffered. An
 * observable of another kind cannot be held back; then `limit` is the bound and `overflow` what happens at it.
 *
 * An error of the source aborts the connection with it; an error of the connection is passed on.
 *
 * @throws {@link InvalidOptionError}
 *
 * @example
 * connection.data$.pipe(uppercaser().operator, sendTo(connection)).subscribe()
 */
export function sendTo<T>(target: Duplex<unknown, T>, options: SendToOptions = {}): OperatorFunction<T, never> {
  const { limit, overflow, end } = resolveOptions('sendTo', SEND_TO_OPTIONS, options)
  return (source) =>
    derive<T, never>(source, (subscriber, observe) => {
      const origin = originOf(source)
      const waiting: T[] = []
      let bytes = 0
      let behind = false
      let completed = false
      let release: (() => void) | undefined
      let giveBack: (() => void) | undefined

      const fail = (reason: unknown): void => {
        const told = reason instanceof Error && (origin?.told.has(reason) ?? false)
        const error = origin && !told && !isOver(origin.connection) ? toOperatorError(origin.connection, reason) : reason
        // What the connection itself has told it has seen to: it is ending, or another reader has it.
        if (!told || origin?.connection !== target) target.abort(error)
        subscriber.error(error)
      }
      const finish = (): void => {
        const handedOver = end && !target.datagram ? target.closeWrite() : target.drain()
        handedOver.then(() => subscriber.complete(), (error: unknown) => subscriber.error(error))
      }
      const send = (item: T): void => {
        try {
          if (target.write(item)) return
        } catch (error) {
          fail(error)
          return
        }
        behind = true
        release ??= origin?.hold()
        target.drain().then(resume, (error: unknown) => subscriber.error(error))
      }
      const resume = (): void => {
        behind = false
        while (!behind && waiting.length > 0) {
          const item = waiting.shift() as T
          bytes -= sizeOf(item)
          send(item)
        }
        if (behind || subscriber.closed) return
        const held = release
        release = undefined
        held?.()
        if (completed && !behind) finish()
      }
      const enqueue = (item: T): void => {
        while (overflow === 'dropOldest' && waiting.length > 0 && bytes + sizeOf(item) > limit) {
          bytes -= sizeOf(waiting.shift())
        }
        if (bytes + sizeOf(item) > limit) {
          if (overflow === 'error') fail(new BufferOverflowError('sendTo', limit))
          return
        }
        waiting.push(item)
        bytes += sizeOf(item)
      }
      const subscription = observe({
        next: (item) => (behind ? enqueue(item) : send(item)),
        error: (error: unknown) => (isOver(target) ? subscriber.error(error) : fail(error)),
        complete: () => {
          completed = true
          if (!behind) finish()
        },
      })
      // No operator stands between that might keep something, and while the peer is behind nothing comes here.
      const isItsOwn = source === (target.data$ as Observable<unknown>)
      if (isItsOwn && !subscription.closed) giveBack = origin?.borrow()
      return () => {
        subscription.unsubscribe()
        giveBack?.()
        release?.()
      }
    })
}

function isOver({ status }: Pick<Duplex<unknown, never>, 'status'>): boolean {
  return status === 'closing' || status === 'closed'
}

