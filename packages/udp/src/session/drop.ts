import type { DropReason, ServerEvent, ServerEventOf, SocketAddress } from '@millrace/core'

/** Tells that a datagram was dropped: a server counts it and publishes it. */
export type ReportDrop = (event: ServerEventOf<'datagram-dropped'>) => void

/** Takes every event of a listener. */
export type Report = (event: ServerEvent) => void

/** A datagram that was not sent. */
export function droppedOutbound(
  reason: DropReason,
  remoteAddress: SocketAddress,
  bytes: number,
  error?: Error,
): ServerEventOf<'datagram-dropped'> {
  return { type: 'datagram-dropped', direction: 'outbound', reason, remoteAddress, bytes, ...(error && { error }) }
}

/** A datagram that came and nobody gets. */
export function droppedInbound(
  reason: DropReason,
  remoteAddress: SocketAddress,
  bytes: number,
): ServerEventOf<'datagram-dropped'> {
  return { type: 'datagram-dropped', direction: 'inbound', reason, remoteAddress, bytes }
}
