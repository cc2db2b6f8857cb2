import { describe, expect, it } from '@jest/globals'
import { MorselQueue } from './morsel-queue.js'

describe('MorselQueue', () => {
  it('hands out each morsel once, in order, whoever asks', () => {
    const queue = new MorselQueue(4)
    const other = new MorselQueue(4, queue.buffer)
    expect([queue.claim(1), other.claim(2), queue.claim(1), other.claim(2), queue.claim(1)]).toEqual([0, 1, 2, 3, -1])
  })

  it('gives the morsels of a dead task to its successor', () => {
    const queue = new MorselQueue(4)
    queue.claim(1)
    queue.claim(2)
    queue.claim(1)
    expect(queue.reassign(1, 3)).toEqual([0, 2])
    expect(queue.reassign(1, 4)).toEqual([])
    expect(queue.reassign(3, 4)).toEqual([0, 2])
    expect(queue.claim(5)).toBe(3)
  })

  it('lets a task run a window ahead of what was taken', () => {
    const queue = new MorselQueue(10)
    expect(queue.waitForTurn(1, 2)).toBe(true)
    expect(queue.waitForTurn(2, 2)).toBe(false)
    queue.release(1)
    expect(queue.waitForTurn(2, 2)).toBe(true)
    queue.cancel()
    expect(queue.cancelled).toBe(true)
    expect(queue.waitForTurn(9, 2)).toBe(true)
  })
})

describe('MorselQueue with regions', () => {
  it('hands neighbours to one task, and half of what another has left to who is done', () => {
    const queue = MorselQueue.of(16, 2)
    const other = new MorselQueue(16, queue.buffer)
    expect([queue.claim(1), other.claim(2), queue.claim(1), other.claim(2)]).toEqual([0, 8, 1, 9])
    const rest = Array.from({ length: 9 }, () => queue.claim(1))
    expect(rest).toEqual([2, 3, 4, 5, 6, 7, 13, 14, 15])
    expect([other.claim(2), other.claim(2), other.claim(2), other.claim(2)]).toEqual([10, 11, 12, -1])
    expect(queue.claim(1)).toBe(-1)
  })

  it('leaves nothing undone where a task dies, or never comes', () => {
    const queue = MorselQueue.of(8, 4)
    const claimed = [queue.claim(1), queue.claim(2)]
    expect(queue.reassign(1, 3)).toEqual([0])
    for (let morsel = queue.claim(3); morsel >= 0; morsel = queue.claim(3)) claimed.push(morsel)
    for (let morsel = queue.claim(2); morsel >= 0; morsel = queue.claim(2)) claimed.push(morsel)
    expect(claimed.sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  })
})
