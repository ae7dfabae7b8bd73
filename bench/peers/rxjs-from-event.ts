import { createServer, type Socket } from 'node:net'
import { fromEvent, takeUntil } from 'rxjs'
import { listenNet } from './listen-net.ts'
import type { Peer } from './peer.ts'

function serve(socket: Socket): void {
  socket.on('error', () => socket.destroy())
  const end$ = fromEvent(socket, 'end')
  const data$ = fromEvent(socket, 'data', (chunk: Buffer) => chunk).pipe(takeUntil(end$))
  // It holds back as ours does: `fromEvent` alone would let what is written grow.
  data$.subscribe({
    next: (chunk) => {
      if (!socket.write(chunk)) socket.pause()
    },
    complete: () => socket.end(),
  })
  fromEvent(socket, 'drain').subscribe(() => socket.resume())
}

/** An echo as users of RxJS write it. */
export const rxjsFromEvent: Peer = {
  about: "`fromEvent(socket, 'data')` subscribed with `socket.write`, paused until `drain`",
  listen() {
    return listenNet(createServer({ allowHalfOpen: true, noDelay: true }, serve))
  },
}
