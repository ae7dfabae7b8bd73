import { constants } from 'node:os'

/** The package `@millrace/tcp-native`. It may not be there, so that nothing but types is imported from it but where it is asked for. */
export type NativeModule = typeof import('@millrace/tcp-native')
export type Poller = InstanceType<NativeModule['Poller']>
/** Who is told that a socket is ready. */
export type ReadyListener = Parameters<Poller['attach']>[1]
/** The socket options of connections that are accepted. */
export type AcceptOptions = Parameters<Poller['accept']>[1]

/** A bit of what a poller watches and tells: there is input, or its end. */
export const READABLE = 1
/** A bit of what a poller watches and tells: there is room for output. */
export const WRITABLE = 4

/** What a poller's call returns that has to be made again once the socket is ready. */
export const AGAIN: number = -constants.errno.EAGAIN
