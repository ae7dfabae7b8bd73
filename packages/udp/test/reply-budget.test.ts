import { describe, expect, test } from 'vitest'
import { ReplyBudget } from '../src/session/reply-budget.ts'

describe('ReplyBudget', () => {
  test('allows ratio times the bytes received and not one more', () => {
    const budget = new ReplyBudget(3, 256)
    budget.credit(10)
    expect(budget.spend(20)).toBeUndefined()
    expect(budget.spend(11)).toBe('reply-ratio')
    expect(budget.spend(10)).toBeUndefined()
    expect(budget.spend(1)).toBe('reply-ratio')
  })

  test('allows so many datagrams for each one received and not one more', () => {
    const budget = new ReplyBudget(Infinity, 2)
    budget.credit(1)
    expect([budget.spend(1), budget.spend(1), budget.spend(1)]).toEqual([undefined, undefined, 'reply-datagrams'])
    budget.credit(1)
    expect(budget.spend(1)).toBeUndefined()
  })

  test('adds up what several datagrams allow', () => {
    const budget = new ReplyBudget(1, 1)
    for (let i = 0; i < 3; i++) budget.credit(100)
    expect(budget.spend(300)).toBeUndefined()
    expect(budget.spend(1)).toBe('reply-ratio')
  })

  test('answers an empty datagram with empty ones only', () => {
    const budget = new ReplyBudget(3, 2)
    budget.credit(0)
    expect(budget.spend(1)).toBe('reply-ratio')
    expect(budget.spend(0)).toBeUndefined()
  })

  test('counts an empty datagram when there is no ratio', () => {
    const budget = new ReplyBudget(Infinity, 1)
    budget.credit(0)
    budget.credit(5)
    expect(budget.spend(1_000)).toBeUndefined()
  })

  test('allows nothing before anything has come', () => {
    expect(new ReplyBudget(3, 256).spend(0)).toBe('reply-datagrams')
  })

  test('has no bound once lifted', () => {
    const budget = new ReplyBudget(0, 0)
    budget.lift()
    expect(budget.lifted).toBe(true)
    expect(budget.spend(65_507)).toBeUndefined()
  })
})
