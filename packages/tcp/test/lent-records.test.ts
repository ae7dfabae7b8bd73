import { describe, expect, test } from 'vitest'
import { LentRecords } from '../src/ports/lent-records.ts'

const RECORD = 16 * 1024

/** What a read into the window brings. */
function read(records: LentRecords, byte: number, length = RECORD): Uint8Array {
  records.memory.fill(byte, 0, length)
  return records.take(length, true)
}

describe('records that are lent', () => {
  test('lie side by side, and each keeps what was read until all are free', () => {
    const records = new LentRecords()
    const lent = Array.from({ length: 40 }, (_, i) => read(records, i))
    lent.forEach((record, i) => expect(record.every((byte) => byte === i)).toBe(true))
    for (let i = 1; i < 16; i++) {
      expect(lent[i]?.buffer).toBe(lent[0]?.buffer)
      expect(lent[i]?.byteOffset).toBe((lent[0]?.byteOffset ?? 0) + i * RECORD)
    }
    expect(new Set(lent.map(({ buffer }) => buffer)).size).toBe(3)
  })

  test('go round in one block while each is free before the next', () => {
    const records = new LentRecords()
    const first = read(records, 0)
    records.free()
    for (let i = 1; i < 100; i++) {
      expect(read(records, i).buffer).toBe(first.buffer)
      records.free()
    }
  })

  test('leave the window alone that a read is under way into, whatever becomes free meanwhile', () => {
    const records = new LentRecords()
    read(records, 1)
    const { memory } = records
    records.free()
    expect(records.memory).toBe(memory)
    memory.fill(7)
    expect(records.take(RECORD, true).every((byte) => byte === 7)).toBe(true)
  })

  test('stay where they are read where nobody borrows', () => {
    const records = new LentRecords()
    const { memory } = records
    records.take(RECORD, false)
    expect(records.memory).toBe(memory)
  })

  test('are over after eight small ones, one after the other', () => {
    const records = new LentRecords()
    for (let i = 0; i < 7; i++) read(records, i, 100)
    expect(records.quiet).toBe(false)
    read(records, 7)
    for (let i = 0; i < 8; i++) read(records, i, 100)
    expect(records.quiet).toBe(true)
  })

  test('give their block to the next connection, unless something of it is in use', () => {
    const kept = new LentRecords()
    const { buffer } = read(kept, 1)
    kept.release(false)
    expect(new LentRecords().memory.buffer).not.toBe(buffer)
    const given = new LentRecords()
    const block = given.memory.buffer
    given.release(true)
    expect(new LentRecords().memory.buffer).toBe(block)
  })
})
