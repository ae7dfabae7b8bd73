import { constants } from 'node:os'

// Those of the package `@millrace/tcp-native`, which may not be there to be imported from.

/** A bit of what a poller watches and tells: there is input, or its end. */
export const READABLE = 1
/** A bit of what a poller watches and tells: there is room for output. */
export const WRITABLE = 4

/** What a poller's call returns that has to be made again once the socket is ready. */
export const AGAIN: number = -constants.errno.EAGAIN
