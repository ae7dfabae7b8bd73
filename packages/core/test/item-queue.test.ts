import { expect, test } from 'vitest'
import { ItemQueue } from '../src/connection/item-queue.ts'

const queueOf = (...items: readonly string[]): ItemQueue<string> => {
  const queue = new ItemQueue<string>(({ length }) => length)
  for (const item of items) queue.push(item)
  return queue
}

const drained = (queue: ItemQueue<string>): string[] => Array.from({ length: queue.length }, () => queue.shift())

test('gives items in order, and counts what they are together', () => {
  const queue = queueOf('a', 'bcd', 'ef')
  expect([queue.length, queue.bytes]).toEqual([3, 6])
  expect(queue.shift()).toBe('a')
  expect([queue.length, queue.bytes]).toEqual([2, 5])
  expect(drained(queue)).toEqual(['bcd', 'ef'])
  expect([queue.length, queue.bytes]).toEqual([0, 0])
})

test('what is put in front comes first, whether anything was taken before or not', () => {
  const queue = queueOf('b')
  queue.unshift('a')
  expect(queue.shift()).toBe('a')
  queue.unshift('c')
  queue.unshift('d')
  expect(queue.bytes).toBe(3)
  expect(drained(queue)).toEqual(['d', 'c', 'b'])
})

test('thousands that are taken while others come keep their order', () => {
  const queue = queueOf()
  const given: string[] = []
  const taken: string[] = []
  for (let i = 0; i < 5000; i++) {
    for (const item of [`${i}`, `${i}+`]) {
      given.push(item)
      queue.push(item)
    }
    taken.push(queue.shift())
  }
  expect(queue.length).toBe(5000)
  expect([...taken, ...drained(queue)]).toEqual(given)
})

test('puts others in the place of those that wait, and of no others', () => {
  const queue = queueOf('a', 'b', 'c')
  queue.shift()
  queue.replace((item) => item.toUpperCase())
  expect(drained(queue)).toEqual(['B', 'C'])
})
