import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { CLOCK, createContainer } from 'millrace'
import { VirtualClock } from '@millrace/core/testing'
import { startTftp } from '../../examples/servers/tftp-server.ts'
import type { Running } from '../../examples/servers/shared/running.ts'
import { RawPeer } from '../support/raw-peer.ts'
import { seededBytes } from '../support/bytes.ts'

const request = (op: 1 | 2, ...words: readonly string[]): Buffer =>
  Buffer.concat([Buffer.of(0, op), Buffer.from(words.map((word) => `${word}\0`).join(''))])
const ack = (block: number): Buffer => Buffer.of(0, 4, block >> 8, block & 255)
const data = (block: number, bytes: Uint8Array): Buffer => Buffer.concat([Buffer.of(0, 3, block >> 8, block & 255), bytes])

const content = seededBytes(1100)
let top: string
let root: string
let clock: VirtualClock
let server: Running
let peer: RawPeer

beforeEach(async () => {
  top = await realpath(await mkdtemp(path.join(tmpdir(), 'millrace-tftp-')))
  root = path.join(top, 'root')
  await mkdir(root)
  await writeFile(path.join(root, 'file.bin'), content)
  await writeFile(path.join(top, 'secret'), 'secret')
  clock = new VirtualClock()
  const container = createContainer()
  container.register(CLOCK, { useValue: clock })
  server = await startTftp({ root, container })
  peer = await RawPeer.open()
})

afterEach(async () => {
  await peer[Symbol.asyncDispose]()
  server.close().catch(() => {})
  await rm(top, { recursive: true })
})

/** Asks, and has the first answer. */
const ask = (...what: Parameters<typeof request>): ReturnType<RawPeer['next']> => {
  peer.send(request(...what), server.port)
  return peer.next()
}

describe('the TFTP server', () => {
  test('keeps no room for who sends no packet', async () => {
    for (let i = 0; i < 20; i++) {
      await using stranger = await RawPeer.open()
      stranger.send(Buffer.of(0, 1, 102), server.port)
      stranger.send(Buffer.of(0, 9, 0, 0), server.port)
      clock.advance(1)
    }
    let answer: Buffer | undefined
    void peer.next().then(({ data: bytes }) => (answer = bytes))
    // What the strangers sent may still be on its way.
    await vi.waitFor(() => {
      clock.advance(1)
      peer.send(request(1, 'file.bin', 'octet'), server.port)
      expect(answer).toEqual(data(1, content.subarray(0, 512)))
    })
  })

  test('answers from a port of the transfer’s own, and sends again what is not acknowledged', async () => {
    const first = await ask(1, 'file.bin', 'octet')
    expect(first.port).not.toBe(server.port)
    expect(first.data).toEqual(data(1, content.subarray(0, 512)))
    clock.advance(1000)
    expect(await peer.next()).toEqual(first)
    peer.send(ack(1), first.port)
    const second = await peer.next()
    expect(second.data).toEqual(data(2, content.subarray(512, 1024)))
    // The same again is answered by nothing: the next that comes is what the right one leads to.
    peer.send(ack(1), first.port)
    peer.send(ack(2), first.port)
    expect((await peer.next()).data).toEqual(data(3, content.subarray(1024)))
    peer.send(ack(3), first.port)
    await server.close()
    expect(await server.closed).toEqual({ cutOff: 0 })
  })

  test('gives up after five packets without an answer', async () => {
    const first = await ask(1, 'file.bin', 'octet')
    for (let i = 0; i < 4; i++) {
      clock.advance(1000)
      expect(await peer.next()).toEqual(first)
    }
    clock.advance(1000)
    await server.close()
    expect(clock.pending).toBe(0)
  })

  test('acknowledges the last block when the file is there, and again where that was lost', async () => {
    const { port, data: go } = await ask(2, 'new.bin', 'octet')
    expect(go).toEqual(ack(0))
    peer.send(data(1, content.subarray(0, 512)), port)
    expect((await peer.next()).data).toEqual(ack(1))
    expect(await readdir(root)).not.toContain('new.bin')
    // As one that has missed the answer would.
    for (let i = 0; i < 2; i++) {
      peer.send(data(2, content.subarray(512, 600)), port)
      expect((await peer.next()).data).toEqual(ack(2))
    }
    expect(await readFile(path.join(root, 'new.bin'))).toEqual(Buffer.from(content.subarray(0, 600)))
    expect((await readdir(root)).sort((a, b) => a.localeCompare(b))).toEqual(['file.bin', 'new.bin'])
    clock.advance(2000)
    await server.close()
  })

  test('leaves nothing of a file whose peer has gone, or that is too large', async () => {
    const { port } = await ask(2, 'half.bin', 'octet')
    peer.send(data(1, content.subarray(0, 512)), port)
    expect((await peer.next()).data).toEqual(ack(1))
    peer.send(Buffer.of(0, 5, 0, 0, 0), port)
    await server.close()
    expect(await readdir(root)).toEqual(['file.bin'])
  })

  test('refuses at once what is said to be too large', async () => {
    expect((await ask(2, 'big.bin', 'octet', 'tsize', String(2 ** 30))).data.subarray(0, 4)).toEqual(Buffer.of(0, 5, 0, 3))
  })

  test('grants what it can of what is asked for, and no more', async () => {
    const { data: granted, port } = await ask(1, 'file.bin', 'octet', 'BLKSIZE', '65464', 'tsize', '0', 'timeout', '7', 'other', '1')
    expect(granted.toString('latin1')).toBe('\0\x06blksize\x001428\0timeout\x007\0tsize\x001100\0')
    peer.send(ack(0), port)
    expect((await peer.next()).data).toEqual(data(1, content))
    clock.advance(6999)
    clock.advance(1)
    expect((await peer.next()).data).toEqual(data(1, content))
  })

  test('does not wait for minutes because a request asks for it', async () => {
    const { data: first } = await ask(1, 'file.bin', 'octet', 'timeout', '255')
    expect(first).toEqual(data(1, content.subarray(0, 512)))
    clock.advance(1000)
    expect((await peer.next()).data).toEqual(first)
  })

  test.each([
    ['a file that is not there', 'nothing.bin', 1],
    ['the folder above', '../secret', 2],
    ['a path through the folder above', 'sub/../../secret', 2],
    ['another root', '//etc/../etc/passwd', 2],
    ['a link that leads out', 'link', 2],
    ['a path through a link that leads out', 'up/secret', 2],
    ['what is hidden', '.hidden', 2],
    ['a folder', 'sub', 2],
    ['a FIFO', 'fifo', 2],
    ['no name', '', 2],
  ])('serves nothing for %s', async (_what, name, code) => {
    await symlink(path.join(top, 'secret'), path.join(root, 'link'))
    await symlink(top, path.join(root, 'up'))
    await mkdir(path.join(root, 'sub'))
    await writeFile(path.join(root, '.hidden'), '')
    execFileSync('mkfifo', [path.join(root, 'fifo')])
    expect((await ask(1, name, 'octet')).data.subarray(0, 4)).toEqual(Buffer.of(0, 5, 0, code))
  })

  test.each([
    ['a file that is there', 'file.bin', 6],
    ['a place outside', 'up/new', 2],
    ['a folder that is not there', 'none/new', 1],
  ])('writes nothing to %s', async (_what, name, code) => {
    await symlink(top, path.join(root, 'up'))
    expect((await ask(2, name, 'octet')).data.subarray(0, 4)).toEqual(Buffer.of(0, 5, 0, code))
  })

  test('drops what is no request, and knows no mode but octet', async () => {
    for (const bad of [Buffer.of(0), Buffer.of(0, 9, 0, 0), Buffer.from('\0\x01unended'), request(1, 'file.bin')]) {
      peer.send(bad, server.port)
    }
    const { data: answer } = await ask(1, 'file.bin', 'netascii')
    expect(answer.subarray(0, 4)).toEqual(Buffer.of(0, 5, 0, 0))
  })

  test('lets a transfer finish when it drains, and takes on no other', async () => {
    const first = await ask(1, 'file.bin', 'octet')
    const closing = server.close()
    const closed = vi.fn()
    void closing.then(closed)
    // Long enough for what is idle to be closed: a session whose transfer goes on is not.
    clock.advance(900)
    peer.send(ack(1), first.port)
    expect((await peer.next()).data).toEqual(data(2, content.subarray(512, 1024)))
    expect(closed).not.toHaveBeenCalled()
    peer.send(ack(2), first.port)
    await peer.next()
    peer.send(ack(3), first.port)
    await closing
    expect(await server.closed).toEqual({ cutOff: 0 })
  })
})
