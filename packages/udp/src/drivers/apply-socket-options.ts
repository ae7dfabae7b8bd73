import type { Socket } from 'node:dgram'
import type { BindOptions, MulticastMembership } from '../socket-options.ts'

/**
 * Sets what Node sets on a bound socket only.
 *
 * @throws the system's error, for a group or an interface that it does not know, say.
 */
export function applySocketOptions(socket: Socket, options: BindOptions): void {
  if (options.recvBufferSize !== undefined) {
    setBuffer((size) => socket.setRecvBufferSize(size), options.recvBufferSize)
  }
  if (options.sendBufferSize !== undefined) {
    setBuffer((size) => socket.setSendBufferSize(size), options.sendBufferSize)
  }
  if (options.broadcast) socket.setBroadcast(true)
  if (options.ttl !== undefined) socket.setTTL(options.ttl)
  if (options.multicastTTL !== undefined) socket.setMulticastTTL(options.multicastTTL)
  if (options.multicastLoopback !== undefined) socket.setMulticastLoopback(options.multicastLoopback)
  if (options.multicastInterface !== undefined) socket.setMulticastInterface(options.multicastInterface)
  for (const membership of options.memberships ?? []) {
    join(socket, typeof membership === 'string' ? { groupAddress: membership } : membership)
  }
}

/** Linux gives what it may; other systems refuse a size over theirs: then half of it, and so on. */
function setBuffer(set: (size: number) => void, wanted: number): void {
  for (let size = wanted; size >= 1; size = Math.floor(size / 2)) {
    try {
      set(size)
      return
    } catch (error) {
      if (size === 1) throw error
    }
  }
}

function join(socket: Socket, { groupAddress, sourceAddress, multicastInterface }: MulticastMembership): void {
  if (sourceAddress === undefined) socket.addMembership(groupAddress, multicastInterface)
  else socket.addSourceSpecificMembership(sourceAddress, groupAddress, multicastInterface)
}
