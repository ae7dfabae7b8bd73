import { expect, test } from 'vitest'
import { type Enrolled, Roster } from '../src/server/roster.ts'

class Member implements Enrolled<Member> {
  previous: Member | undefined
  next: Member | undefined
}

test('a roster is in the order of coming, whoever leaves', () => {
  const roster = new Roster<Member>()
  const [a, b, c, d] = Array.from({ length: 4 }, () => new Member()) as [Member, Member, Member, Member]
  for (const member of [a, b, c]) roster.add(member)
  expect([...roster]).toEqual([a, b, c])
  roster.remove(b)
  expect([...roster]).toEqual([a, c])
  roster.remove(a)
  roster.add(d)
  roster.add(b)
  expect([...roster]).toEqual([c, d, b])
  for (const member of [b, c, d]) roster.remove(member)
  expect([...roster]).toEqual([])
  roster.add(a)
  expect([...roster]).toEqual([a])
})

test('one that has left holds on to nobody', () => {
  const roster = new Roster<Member>()
  const members = Array.from({ length: 3 }, () => new Member())
  for (const member of members) roster.add(member)
  roster.remove(members[1] as Member)
  expect(members[1]).toEqual({ previous: undefined, next: undefined })
})
