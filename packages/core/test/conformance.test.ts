import { describe, test } from 'vitest'
import { connectionPair, describeConnection } from '../src/testing/index.ts'

const inFlight = 64 * 1024

describeConnection(
  'a stream in memory',
  (limits) => {
    const [local, remote] = connectionPair(limits)
    return { local, remote }
  },
  { describe, test, inFlight },
)

describeConnection(
  'datagrams in memory',
  (limits) => {
    const [local, remote] = connectionPair({ ...limits, datagram: true })
    return { local, remote }
  },
  { describe, test, datagram: true, noticesEnd: true, inFlight },
)
