import { expect, test } from 'vitest'
import { exchangeOf } from '../load/payload.ts'
import { sourceAddress } from '../load/tcp-socket.ts'
import { CallReader } from '../peers/calls.ts'
import { pipelined64B } from '../workloads/loads.ts'

test('what is sent is the same at every run and another for each seed', () => {
  const { sent } = exchangeOf(pipelined64B, 3, 7)
  expect(sent).toHaveLength(3 * 64)
  expect(exchangeOf(pipelined64B, 3, 7).sent.equals(sent)).toBe(true)
  expect(exchangeOf(pipelined64B, 3, 8).sent.equals(sent)).toBe(false)
})

test('what must come back is that, or that in upper case', () => {
  const { sent, expected } = exchangeOf({ ...pipelined64B, reply: 'upper' }, 2)
  expect(expected.toString()).toBe(sent.toString().toUpperCase())
  expect(expected.equals(sent)).toBe(false)
})

test('calls are read wherever they are cut, and answered as NestJS does', () => {
  const load = { ...pipelined64B, size: 3, reply: 'call' } as const
  const { sent, expected } = exchangeOf(load, 2)
  const text = sent.toString().slice(-3 - '"},"id":"1"}'.length).slice(0, 3)
  for (let cut = 0; cut <= sent.byteLength; cut++) {
    const reader = new CallReader()
    const calls = [...reader.read(sent.subarray(0, cut)), ...reader.read(sent.subarray(cut))]
    expect(calls).toHaveLength(2)
    expect(calls[1]).toEqual({ pattern: 'echo', data: { text }, id: '1' })
  }
  expect(expected.toString()).toContain(`54#{"response":{"text":"${text}"},"isDisposed":true,"id":"1"}`)
})

test.each(['12345678', '#{}', 'x#{}'])('%j is no call', (text) => {
  expect(() => new CallReader().read(Buffer.from(text))).toThrow('no call')
})

test('each of 10,000 connections leaves from an address with fewer than a server lets one have', () => {
  const perAddress = new Map<string, number>()
  for (let i = 0; i < 10_000; i++) perAddress.set(sourceAddress(i), (perAddress.get(sourceAddress(i)) ?? 0) + 1)
  expect(Math.max(...perAddress.values())).toBe(1)
})
