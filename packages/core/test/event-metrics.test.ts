import { describe, expect, test } from 'vitest'
import type { Metrics } from '../src/container/metrics.ts'
import { CorruptFrameError, IdleTimeoutError } from '../src/errors/index.ts'
import { countInto } from '../src/server/event-metrics.ts'

const address = { address: '127.0.0.1', port: 1, family: 'IPv4' } as const
const connection = {
  id: 'tcp-1',
  transport: 'tcp',
  datagram: false,
  localAddress: address,
  remoteAddress: address,
  bytesRead: 7,
  bytesWritten: 9,
} as const

function recording(): { metrics: Metrics; counts: Record<string, number> } {
  const counts: Record<string, number> = {}
  const increment: Metrics['increment'] = (name, by = 1, labels = {}) => {
    const key = [name, ...Object.entries(labels).map(([label, value]) => `${label}=${value}`)].join(' ')
    counts[key] = (counts[key] ?? 0) + by
  }
  return { metrics: { increment }, counts }
}

describe('countInto', () => {
  test('counts what happens to connections, frames and datagrams, by reason', () => {
    const { metrics, counts } = recording()
    const count = countInto(metrics)
    count({ type: 'connection-opened', connection })
    count({ type: 'connection-refused', transport: 'tcp', reason: 'maxConnections', detail: '' })
    count({ type: 'connection-closed', connection, initiator: 'remote', duration: 5 })
    count({ type: 'connection-closed', connection, initiator: 'local', duration: 5, error: new IdleTimeoutError(1) })
    count({ type: 'frame-dropped', connection, plugin: 'lines', error: new CorruptFrameError('bad') })
    count({ type: 'datagram-dropped', direction: 'inbound', reason: 'session-queue', remoteAddress: address, bytes: 3 })
    count({ type: 'draining' })
    expect(counts).toEqual({
      'millrace.connections.accepted transport=tcp': 1,
      'millrace.connections.refused transport=tcp reason=maxConnections': 1,
      'millrace.connections.closed transport=tcp initiator=remote': 1,
      'millrace.connections.closed transport=tcp initiator=local': 1,
      'millrace.connections.failed transport=tcp code=MILLRACE_ERR_IDLE_TIMEOUT': 1,
      'millrace.bytes.read transport=tcp': 14,
      'millrace.bytes.written transport=tcp': 18,
      'millrace.frames.dropped plugin=lines': 1,
      'millrace.datagrams.dropped direction=inbound reason=session-queue': 1,
    })
  })
})
