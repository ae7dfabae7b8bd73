/**
 * TCP sockets of Linux for servers of `@millrace/tcp`, which takes them by itself where this package is installed: one epoll instance for all
 * connections, and one call into JavaScript for all of them that are ready.
 *
 * @example
 * import { createServer } from 'node:net'
 * import { AGAIN, loadNative } from '@millrace/tcp-native'
 *
 * const poller = loadNative()
 * const server = createServer().listen(10_000, '127.0.0.1', () => {
 *   // The descriptor of a server is Node's own affair: no public interface shows it.
 *   const { fd } = (server as unknown as { _handle: { fd: number } })._handle
 *   const listening = poller.listen(fd, {
 *     onReady() {
 *       const connection = poller.accept(listening, { noDelay: true })
 *       if (connection < 0) return
 *       poller.attach(connection, {
 *         onReady() {
 *           const length = poller.read(connection)
 *           if (length > 0) poller.write(connection, poller.head(length))
 *           else if (length !== AGAIN) poller.close(connection, false)
 *         },
 *       })
 *     },
 *   })
 *   server.close()
 * })
 *
 * @packageDocumentation
 */
export { loadNative } from './native.ts'
export { type AcceptOptions, AGAIN, type NativeAddress, Poller, READABLE, type ReadyListener, WRITABLE } from './poller.ts'
