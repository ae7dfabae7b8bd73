import type { Metrics } from '../container/metrics.ts'
import type { ServerEvent } from './events.ts'

/**
 * Sends the counts of a server to a `METRICS` service:
 *
 * | count | labels |
 * | --- | --- |
 * | `millrace.connections.accepted` | `transport` |
 * | `millrace.connections.refused` | `transport`, `reason` |
 * | `millrace.connections.closed` | `transport`, `initiator` |
 * | `millrace.connections.failed` | `transport`, `code` |
 * | `millrace.bytes.read`, `millrace.bytes.written` (when a connection closes) | `transport` |
 * | `millrace.frames.dropped` | `plugin` |
 * | `millrace.datagrams.dropped` | `direction`, `reason` |
 */
export function countInto(metrics: Metrics): (event: ServerEvent) => void {
  return (event) => {
    switch (event.type) {
      case 'connection-opened':
        metrics.increment('millrace.connections.accepted', 1, { transport: event.connection.transport })
        break
      case 'connection-refused':
        metrics.increment('millrace.connections.refused', 1, { transport: event.transport, reason: event.reason })
        break
      case 'connection-closed':
        countClosed(metrics, event)
        break
      case 'frame-dropped':
        metrics.increment('millrace.frames.dropped', 1, { plugin: event.plugin })
        break
      case 'datagram-dropped':
        metrics.increment('millrace.datagrams.dropped', 1, { direction: event.direction, reason: event.reason })
        break
      default:
    }
  }
}

type Closed = Extract<ServerEvent, { type: 'connection-closed' }>

function countClosed(metrics: Metrics, { connection, error, initiator }: Closed): void {
  const { transport, bytesRead, bytesWritten } = connection
  metrics.increment('millrace.connections.closed', 1, { transport, initiator })
  metrics.increment('millrace.bytes.read', bytesRead, { transport })
  metrics.increment('millrace.bytes.written', bytesWritten, { transport })
  if (error) metrics.increment('millrace.connections.failed', 1, { transport, code: codeOf(error) })
}

function codeOf(error: Error): string {
  const { code } = error as { readonly code?: unknown }
  return typeof code === 'string' ? code : error.name
}
