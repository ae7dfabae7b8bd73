import type { Server } from 'node:net'
import { BatchClock, type Clock } from '@millrace/core'
import { acceptHandles } from './accept-handles.ts'
import { type Accepted, acceptedHandle, acceptedSocket } from './accepted.ts'
import type { PollerChoice } from './choose-poller.ts'
import { listeningDescriptor } from '../ports/descriptor.ts'
import { NativeListening } from './native-listening.ts'
import type { Poller } from '../ports/poller.ts'
import type { TcpSocketOptions } from '../socket-options.ts'
import type { StreamBinding } from '../ports/stream-binding.ts'

/** What takes connections, and whom it tells. */
export interface TakeInit {
  /** Of each connection's socket. */
  readonly options: TcpSocketOptions
  readonly clock: Clock
  readonly binding: StreamBinding | undefined
  readonly unix: boolean
  readonly onAccepted: (accepted: Accepted) => void
  readonly onError: (error: Error) => void
}

/** How the connections of a server come in. */
export interface Taking {
  readonly driver: 'native' | 'node'
  /** Where it is not the native one, why. */
  readonly reason?: string
  /** For what happens on the connections. */
  readonly clock: Clock
  /** Takes none any more. */
  close(): void
}

/**
 * Takes the connections of a server of Node's: on the native driver by its descriptor alone, and the server itself is closed; else as handles,
 * or as sockets where there are none.
 */
export function takeConnections(server: Server, choice: PollerChoice, init: TakeInit): Taking {
  if ('reason' in choice) return takeFromNode(server, choice.reason, init)
  const descriptor = listeningDescriptor(server)
  if (descriptor === undefined) return takeFromNode(server, 'Node does not show the descriptor of its server', init)
  return takeNatively(server, { poller: choice.poller, descriptor }, init)
}

interface Listening {
  readonly poller: Poller
  readonly descriptor: number
}

function takeNatively(server: Server, { poller, descriptor }: Listening, init: TakeInit): Taking {
  const { clock, onAccepted, onError } = init
  const { noDelay = false, keepAlive = false, keepAliveInitialDelay = 0 } = init.options
  const options = { noDelay, keepAlive: keepAlive ? Math.trunc(keepAliveInitialDelay / 1000) : undefined }
  let listening: NativeListening
  try {
    listening = new NativeListening(poller, descriptor, { options, clock, onAccepted, onError })
  } catch (error) {
    // It has no descriptor to spare, say: Node's has one already.
    return takeFromNode(server, (error as Error).message, init)
  }
  server.close()
  return { driver: 'native', clock: new BatchClock(clock, poller), close: () => listening.close() }
}

function takeFromNode(server: Server, reason: string, init: TakeInit): Taking {
  const { options, clock, binding, unix, onAccepted, onError } = init
  server.on('error', onError)
  server.on('connection', (socket) => onAccepted(acceptedSocket(socket, unix)))
  if (binding) acceptHandles(server, (handle) => onAccepted(acceptedHandle(handle, options, binding)))
  return { driver: 'node', reason, clock, close: () => void server.close() }
}
