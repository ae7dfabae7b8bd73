import type { Calls, Reply, Request } from './calls.ts'

/** Answers the calls of the process that started this one, and ends with it. */
export function answerCalls<T extends Calls<T>>(calls: T): void {
  process.on('message', (request: Request) => void answer(calls, request))
  process.on('disconnect', () => process.exit(0))
}

async function answer<T extends Calls<T>>(calls: T, { id, call, args }: Request): Promise<void> {
  let reply: Reply
  try {
    reply = { id, value: await calls[call as keyof T](...(args as never[])) }
  } catch (error) {
    reply = { id, error: error instanceof Error ? error.message : String(error) }
  }
  process.send?.(reply)
}
