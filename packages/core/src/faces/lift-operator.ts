import type { Observable, Subscriber } from 'rxjs'
import { Inbox } from '../connection/inbox.ts'
import { createSource } from '../connection/source.ts'
import { BufferOverflowError } from '../errors/connection-errors.ts'
import { FrameError } from '../errors/frame-errors.ts'
import { PluginError } from '../errors/pipeline-errors.ts'
import { handOn, LARGEST_BATCH, startStage } from '../pipeline/batches.ts'
import type { BuiltPlugin } from '../pipeline/built-pipeline.ts'
import type { Direction } from '../pipeline/plugin.ts'
import { sizeOf } from '../pipeline/size-of.ts'
import type { AsyncStage } from '../pipeline/stage.ts'
import { derive, type Origin, originOf } from '../rx/connection-observable.ts'
import { FaceRun } from './face-run.ts'

/** Bytes that may wait before an asynchronous stage: there a connection is no longer read, another observable fails. */
const LIMIT = 1024 * 1024

/** A stage as an RxJS operator. A synchronous one pushes straight through. */
export function liftOperator<In, Out>(build: () => BuiltPlugin, direction: Direction, source: Observable<In>): Observable<Out> {
  const origin = originOf(source)
  return derive<In, Out>(source, (subscriber, observe) => {
    let unsubscribe = (): void => {}
    const fail = (error: unknown): void => {
      subscriber.error(error)
      unsubscribe()
    }
    const run = new FaceRun(build(), direction, origin?.connection, {
      item: (item) => subscriber.next(item as Out),
      fail,
      close: () => subscriber.complete(),
    })
    const input = run.asyncStage ? asyncInput(run, run.asyncStage, subscriber, origin) : syncInput(run, subscriber)
    const subscription = observe(input)
    unsubscribe = () => subscription.unsubscribe()
    return () => {
      unsubscribe()
      input.stop()
      run.release()
    }
  })
}

const isProtocolError = (error: unknown): error is PluginError =>
  error instanceof PluginError && error.cause instanceof FrameError

interface Input {
  next(item: unknown): void
  complete(): void
  error(error: unknown): void
  stop(): void
}

function syncInput(run: FaceRun, subscriber: Subscriber<never>): Input {
  return {
    next: (item) => run.push(item),
    complete: () => {
      run.end()
      if (!subscriber.closed) subscriber.complete()
    },
    error: (error) => subscriber.error(error),
    stop: () => {},
  }
}

function asyncInput(
  run: FaceRun,
  stage: AsyncStage<unknown, unknown>,
  subscriber: Subscriber<never>,
  origin: Origin | undefined,
): Input {
  let release: (() => void) | undefined
  const flow = {
    pause: () => (release ??= origin?.hold()),
    resume: () => {
      release?.()
      release = undefined
    },
  }
  const inbox = new Inbox<unknown>(flow, LIMIT, sizeOf)
  let iterator: AsyncIterator<unknown> | undefined
  let broken: PluginError | undefined
  const give = (item: unknown): void => subscriber.next(item as never)
  const pump = async (): Promise<void> => {
    try {
      iterator = startStage(stage, createSource(inbox), LARGEST_BATCH)
      for (let result = await iterator.next(); !result.done; result = await iterator.next()) {
        handOn(stage, result.value, give)
      }
      subscriber.complete()
    } catch (error) {
      if (!subscriber.closed) subscriber.error(broken && error === broken ? broken : run.toError(error, 'asyncStage'))
    }
  }
  void pump()
  return {
    next: (item) => {
      inbox.push(item)
      if (inbox.bytes < LIMIT) return
      if (origin) release ??= origin.hold()
      else subscriber.error(new BufferOverflowError('an asynchronous operator', LIMIT))
    },
    complete: () => inbox.end(),
    // A protocol error comes after what came before it, any other at once, as with RxJS.
    error: (error) => {
      if (!isProtocolError(error)) return subscriber.error(error)
      broken = error
      inbox.endWith(error)
    },
    stop: () => {
      release?.()
      inbox.fail(new BufferOverflowError('a stopped operator', 0), true)
      void Promise.resolve(iterator?.return?.()).catch(() => {})
    },
  }
}
