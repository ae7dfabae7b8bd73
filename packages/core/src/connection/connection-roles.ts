import type { CloseInfo } from './connection.ts'

/** Whoever runs on a connection, told first when it is gone. */
export interface ConnectionUser {
  /** @returns an error that becomes the connection's, where it had none. */
  onRelease(info: CloseInfo): Error | undefined
}

/** Whoever accepted or opened a connection. */
export interface ConnectionOwner {
  /** Called once, synchronously, when the connection is gone: before anyone who awaits `closed` runs. */
  onGone(info: CloseInfo): void
}
