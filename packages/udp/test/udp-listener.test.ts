import { describe, expect, test, vi } from 'vitest'
import type { UdpSession } from '../src/session/udp-session.ts'
import { bytes, listenFake, settled } from './support.ts'

describe('UdpListener', () => {
  test('gives a peer one session and another peer another', async () => {
    const { sessions, receive } = await listenFake()
    receive(1, '127.0.0.2', 5_000)
    receive(2, '127.0.0.2', 5_000)
    receive(3, '127.0.0.2', 5_001)
    receive(4, '127.0.0.3', 5_000)
    receive(5, '::ffff:127.0.0.2', 5_000)
    const facts = sessions.map(({ remoteAddress: { address, port }, bytesRead }) => [address, port, bytesRead])
    expect(facts).toEqual([
      ['127.0.0.2', 5_000, 8],
      ['127.0.0.2', 5_001, 3],
      ['127.0.0.3', 5_000, 4],
    ])
  })

  test('releases a batch where its readers keep nothing, nothing waits, and nobody is new', async () => {
    const { driver, sessions, receive } = await listenFake()
    const releasedBy = (deliver: () => void): number => {
      const before = driver.released
      deliver()
      return driver.released - before
    }
    expect(releasedBy(() => receive(1))).toBe(0)
    const session = sessions[0] as UdpSession
    const seen: number[] = []
    const lease = session.inbox.claim({ onItem: ({ byteLength }) => seen.push(byteLength), onEnd() {}, onError() {} })
    session.inbox.start()
    expect(releasedBy(() => receive(2))).toBe(0)
    session.borrows = true
    expect(releasedBy(() => receive(3))).toBe(1)
    const two = (): void => driver.deliver([bytes('a'), '127.0.0.2', 5_000], [bytes('b'), '127.0.0.2', 5_001])
    expect(releasedBy(two)).toBe(0)
    lease.pause()
    expect(releasedBy(() => receive(4))).toBe(0)
    lease.resume()
    expect(releasedBy(() => receive(5))).toBe(1)
    expect(seen).toEqual([1, 2, 3, 1, 4, 5])
  })

  test('tells all of a batch the same time, and after it the time that it is', async () => {
    const { driver, sessions, clock } = await listenFake()
    driver.deliver([bytes('a'), '127.0.0.2', 5_000])
    const session = sessions[0] as UdpSession
    const times: number[] = []
    const onItem = (): void => {
      clock.advance(5)
      times.push(session.lastActivity)
    }
    session.inbox.claim({ onItem, onEnd() {}, onError() {} })
    session.inbox.start()
    const start = clock.now()
    driver.deliver([bytes('b'), '127.0.0.2', 5_000], [bytes('c'), '127.0.0.2', 5_000])
    expect(times.slice(1)).toEqual([start, start])
    session.write(bytes('d'))
    expect(session.lastActivity).toBe(start + 10)
  })

  test('answers an IPv4 peer of an IPv6 socket at its IPv6 address', async () => {
    const { driver, sessions, receive } = await listenFake()
    receive(1, '::ffff:192.0.2.1', 53)
    expect(sessions[0]?.remoteAddress).toEqual({ address: '192.0.2.1', port: 53, family: 'IPv4' })
    sessions[0]?.write(new Uint8Array(1))
    await settled()
    expect(driver.sent[0]?.to).toBe('::ffff:192.0.2.1:53')
  })

  test.each([
    ['source-port-0', '127.0.0.2', 0],
    ['own-address', '127.0.0.1', 10_000],
    ['unicast-only', '255.255.255.255', 5_000],
    ['unicast-only', '224.0.0.251', 5_353],
    ['unicast-only', 'ff02::fb', 5_353],
  ])('drops, counts and reports %s', async (reason, address, port) => {
    const { sessions, events, receive } = await listenFake()
    receive(7, address, port)
    expect(sessions).toEqual([])
    expect(events).toEqual([
      {
        type: 'datagram-dropped',
        direction: 'inbound',
        reason,
        bytes: 7,
        remoteAddress: { address, port, family: address.includes(':') ? 'IPv6' : 'IPv4' },
      },
    ])
  })

  test('bound to a wildcard address, drops what comes from any address of this host with our port', async () => {
    const local = { address: '0.0.0.0', port: 10_000, family: 'IPv4' } as const
    const { sessions, receive, drops } = await listenFake({}, { local })
    receive(1, '127.0.0.1', 10_000)
    receive(1, '127.0.0.9', 10_000)
    receive(1, '127.0.0.1', 10_001)
    expect(drops()).toEqual(['own-address', 'own-address'])
    expect(sessions).toHaveLength(1)
  })

  test('holds a flood of peers within its bounds, and serves the established peer through it', async () => {
    const limits = { maxSessions: 100, maxSessionsPerAddress: 4, maxNewSessionsPerSecond: 1_000_000 }
    const { clock, sessions, receive, drops } = await listenFake(limits)
    receive(bytes('hello'), '192.0.2.1', 7)
    for (let second = 0; second < 40; second++) {
      clock.advance(1_000)
      for (let i = 0; i < 500; i++) receive(1, `127.${second}.${i >> 8}.${i & 255}`, 1_024 + i)
      receive(bytes('hello'), '192.0.2.1', 7)
    }
    expect(sessions.filter(({ status }) => status === 'open').length).toBeLessThanOrEqual(100)
    expect(sessions[0]?.bytesRead).toBe(41 * 5)
    expect(sessions[0]?.status).toBe('open')
    expect(drops().filter((reason) => reason === 'maxSessions').length).toBeGreaterThan(10_000)
  })

  test('refuses the fifth session of an address that may have four, and says so', async () => {
    const { sessions, receive, drops } = await listenFake({ maxSessionsPerAddress: 4 })
    for (let port = 1; port <= 5; port++) receive(1, '127.0.0.2', port)
    receive(1, '127.0.0.3', 1)
    expect(drops()).toEqual(['maxSessionsPerAddress'])
    expect(sessions).toHaveLength(5)
  })

  test('refuses new sessions beyond the rate, and says so', async () => {
    const { clock, sessions, receive, drops } = await listenFake({ maxNewSessionsPerSecond: 2 })
    for (let port = 1; port <= 3; port++) receive(1, '127.0.0.2', port)
    expect(drops()).toEqual(['maxNewSessionsPerSecond'])
    clock.advance(500)
    receive(1, '127.0.0.2', 3)
    expect(sessions).toHaveLength(3)
  })

  describe('idle timeout', () => {
    test('ends a silent session cleanly, on time', async () => {
      const { clock, sessions, receive } = await listenFake({ sessionIdleTimeout: 1_000 })
      receive(1)
      clock.advance(999)
      expect(sessions[0]?.status).toBe('open')
      clock.advance(101)
      expect(await sessions[0]?.closed).toEqual({ initiator: 'local' })
      expect(clock.pending).toBe(0)
    })

    test('is put off by the peer, and by us only once it is proven', async () => {
      const { clock, sessions, receive } = await listenFake({ sessionIdleTimeout: 1_000 })
      receive(100, '127.0.0.2')
      receive(100, '127.0.0.3')
      receive(100, '127.0.0.4')
      const [listened, talked, proven] = sessions
      proven?.prove()
      for (let i = 0; i < 4; i++) {
        clock.advance(500)
        receive(1, '127.0.0.2')
        talked?.write(new Uint8Array(1))
        proven?.write(new Uint8Array(1))
        await settled()
      }
      expect([listened?.status, talked?.status, proven?.status]).toEqual(['open', 'closed', 'open'])
    })

    test('lets the same peer begin another session', async () => {
      const { clock, sessions, receive } = await listenFake({ sessionIdleTimeout: 1_000 })
      receive(1)
      clock.advance(1_100)
      receive(1)
      expect(sessions).toHaveLength(2)
      expect(sessions[1]?.status).toBe('open')
    })
  })

  test('stopAccepting drops the datagrams of unknown peers and lets live sessions go on', async () => {
    const { listener, sessions, receive, drops } = await listenFake()
    receive(1, '127.0.0.2')
    listener.stopAccepting()
    receive(1, '127.0.0.2')
    receive(1, '127.0.0.3')
    expect(drops()).toEqual(['draining'])
    expect(sessions.map(({ bytesRead }) => bytesRead)).toEqual([2])
  })

  test('closes at once a session that is not accepted, and keeps no seat for it', async () => {
    const { acceptor, sessions, receive } = await listenFake({ maxSessions: 1 })
    const accept = vi.spyOn(acceptor, 'accept').mockReturnValueOnce(false)
    receive(1, '127.0.0.2')
    const [refused] = accept.mock.calls[0] ?? []
    expect(await refused?.closed).toEqual({ initiator: 'local' })
    receive(1, '127.0.0.3')
    expect(sessions).toHaveLength(1)
  })

  test('reports an error of the socket and goes on', async () => {
    const { driver, events, sessions, receive } = await listenFake()
    const error = new Error('recvmsg ENOBUFS')
    driver.events.onError(error)
    receive(1)
    expect(events).toEqual([{ type: 'listener-error', transport: 'udp', error }])
    expect(sessions).toHaveLength(1)
  })

  test('close releases the socket and the timer, once', async () => {
    const { clock, driver, listener, receive } = await listenFake()
    receive(1)
    await Promise.all([listener.close(), listener.close()])
    expect(driver.closed).toBe(1)
    expect(clock.pending).toBe(0)
  })

  test('close gives what waits in the process a second to go out', async () => {
    const { clock, driver, listener } = await listenFake()
    driver.queuedBytes = 100
    const closed = listener.close()
    await settled()
    clock.advance(900)
    await settled()
    expect(driver.closed).toBe(0)
    clock.advance(200)
    await closed
    expect(driver.closed).toBe(1)
    expect(clock.pending).toBe(0)
  })

  test('takes a batch, a new peer’s further datagrams in it included', async () => {
    const { driver, sessions } = await listenFake()
    const a = ['127.0.0.2', 5_000] as const
    const b = ['127.0.0.3', 5_000] as const
    driver.deliver([bytes('one'), ...a], [bytes('two'), ...b], [bytes('three'), ...a])
    await settled()
    expect(sessions.map(({ bytesRead }) => bytesRead)).toEqual([8, 3])
  })

  test('lets the number of a peer go with its session, and not before', async () => {
    const { driver, sessions, receive } = await listenFake()
    receive(1)
    const number = driver.numbers.find('127.0.0.2', 5_000)
    expect(number).not.toBe(0)
    await sessions[0]?.close()
    expect(driver.numbers.find('127.0.0.2', 5_000)).toBe(0)
    receive(1)
    expect(sessions).toHaveLength(2)
  })

  test('drops, counts and reports a datagram that was truncated', async () => {
    const { driver, events } = await listenFake()
    driver.events.onTruncated({ address: '127.0.0.2', port: 5_000 }, 70_000)
    const remoteAddress = { address: '127.0.0.2', port: 5_000, family: 'IPv4' }
    const dropped = { type: 'datagram-dropped', direction: 'inbound', reason: 'truncated', remoteAddress, bytes: 70_000 }
    expect(events).toEqual([dropped])
  })

  test('reports what a driver that tells of failures could not send, and asks it nothing', async () => {
    const { driver, events, sessions, receive } = await listenFake({}, { tellsFailures: true })
    receive(100)
    for (let i = 0; i < 40; i++) sessions[0]?.write(new Uint8Array(1))
    await settled()
    expect(driver.sent.map(({ onSent }) => onSent)).toEqual(Array(40).fill(undefined))
    const error = Object.assign(new Error('send EPERM'), { code: 'EPERM' })
    driver.events.onSendFailed({ address: '127.0.0.2', port: 5_000 }, 1, error)
    const remoteAddress = sessions[0]?.remoteAddress
    const dropped = { type: 'datagram-dropped', direction: 'outbound', reason: 'send-failed', remoteAddress, bytes: 1, error }
    expect(events).toEqual([dropped])
    expect(sessions[0]?.status).toBe('open')
  })
})
