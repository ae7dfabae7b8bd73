import { expect, test } from 'vitest'
import { ReadSlab } from '../src/ports/read-slab.ts'
import { Slab } from '../src/ports/slab.ts'

function readInto(slab: ReadSlab, length: number): Buffer {
  slab.room().fill(0, 0, length)
  return slab.take(length)
}

/** As a reader does who gives a chunk to another thread. Node 20 copies what cannot be transferred, later ones refuse. */
function transfer(chunk: Buffer): void {
  try {
    structuredClone(chunk, { transfer: [chunk.buffer as ArrayBuffer] })
  } catch (error) {
    expect(error).toMatchObject({ name: 'DataCloneError' })
  }
}

test.each([
  ['a slab', new Slab(1024), (slab: Slab, length: number) => slab.cut(length)],
  ['a slab that is read into', new ReadSlab(), readInto],
] as const)('the memory of %s stays with its other readers when one transfers his chunk', (_name, slab, cut) => {
  const take = (length: number): Buffer => cut(slab as never, length)
  const [kept, given] = [take(100).fill(1), take(100)]
  transfer(given)
  expect(kept.equals(Buffer.alloc(100, 1))).toBe(true)
  expect(take(100)).toHaveLength(100)
})
