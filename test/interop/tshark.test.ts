import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { connectTcp, connectUdp, echo, pcap, pipeline, serve } from 'millrace'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { run } from './programs.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tshark-'))
})
afterAll(() => rm(folder, { recursive: true }))

const CHECKED = ['ip', 'tcp', 'udp'].flatMap((protocol) => ['-o', `${protocol}.check_checksum:TRUE`])

async function tshark(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(['tshark', ...CHECKED, '-r', path.join(folder, 'a.pcap'), ...args])
  expect(code, stderr).toBe(0)
  return stdout.toString()
}

/** Echoes over TCP and UDP under capture, up to the end of the server. */
async function capture(): Promise<void> {
  const serving = await serve(pipeline(pcap({ path: path.join(folder, 'a.pcap') }), echo()), { tcp: { port: 0 }, udp: { port: 0 } })
  const stream = await connectTcp({ port: serving.servers.tcp?.address?.port ?? 0 })
  stream.write(Buffer.from('GET / '))
  stream.write(Buffer.alloc(100_000, 'x'))
  await stream.closeWrite()
  for await (const _ of stream);
  const datagrams = await connectUdp({ port: serving.servers.udp?.address?.port ?? 0 })
  datagrams.write(Buffer.from('odd'))
  for await (const _ of datagrams) break
  await datagrams.close()
  await serving.close()
}

describe('tshark', () => {
  test('reads a capture: nothing malformed, every checksum right, no gap in a stream', async () => {
    await capture()
    const all = await tshark('-T', 'fields', '-e', 'frame.number')
    expect(all.trim().split('\n').length).toBeGreaterThan(10)
    const bad = '_ws.malformed or tcp.analysis.flags or ip.checksum.status == 0 or tcp.checksum.status == 0 or udp.checksum.status == 0'
    expect(await tshark('-Y', bad)).toBe('')
    const good = await tshark('-Y', 'tcp.checksum.status == 1 or udp.checksum.status == 1', '-T', 'fields', '-e', 'frame.number')
    expect(good).toBe(all)
    const followed = await tshark('-q', '-z', 'follow,tcp,hex,0')
    expect(followed).toContain('47 45 54 20 2f 20')
    expect(await tshark('-Y', 'udp', '-T', 'fields', '-e', 'data.data')).toBe('6f6464\n6f6464\n')
  })
})
