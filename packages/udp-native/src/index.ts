/**
 * UDP sockets of Linux for `@millrace/udp`, which takes them by itself where this package is installed: whole batches of
 * datagrams between the kernel and JavaScript (`recvmmsg`, `sendmmsg`), joined ones (GSO, GRO) where the peer sends or
 * gets many.
 *
 * @example
 * import { loadNative, NativeSocket } from '@millrace/udp-native'
 *
 * const socket = new NativeSocket(loadNative(), { type: 'udp4' }, {
 *   onBatch(batch) {
 *     for (let i = 0; i < batch.length; i++) socket.send(batch.data(i), batch.sender(i))
 *   },
 *   onTruncated() {},
 *   onSendFailed() {},
 *   onError(error) {
 *     console.error(error)
 *   },
 * })
 * socket.bind('127.0.0.1', 10_000)
 *
 * @packageDocumentation
 */
export { type Native, loadNative } from './native.ts'
export {
  type NativeAddress,
  type NativeBatch,
  type NativeEvents,
  NativeSocket,
  type NativeSocketOptions,
} from './native-socket.ts'
