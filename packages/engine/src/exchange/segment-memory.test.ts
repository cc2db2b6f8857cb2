import { QuerySegments, SegmentMemory, segmentCapacity } from './segment-memory.js'

const mb = 1024 * 1024

describe('segment memory', () => {
  it('gives capacities that hold the segment, waste less than half, and come again', () => {
    const capacities = new Set<number>()
    for (let bytes = 1; bytes < 3 * mb; bytes = Math.ceil(bytes * 1.01)) {
      const capacity = segmentCapacity(bytes)
      expect(capacity).toBeGreaterThanOrEqual(bytes)
      expect(capacity).toBeLessThanOrEqual(Math.max(4096, bytes * 1.5))
      expect(segmentCapacity(capacity)).toBe(capacity)
      capacities.add(capacity)
    }
    expect(capacities.size).toBeLessThan(24)
  })

  it('gives a buffer again when its query has ended, or when its reader is done with it, and not before', () => {
    const memory = new SegmentMemory(1024 * mb)
    const [one, other] = [new QuerySegments(memory), new QuerySegments(memory)]
    const taken = (of: QuerySegments): SharedArrayBuffer => {
      const buffer = of.take(8192)
      new Uint32Array(buffer)[0] = 0x47535744
      return buffer
    }
    const first = taken(one)
    const second = taken(other)
    expect(second).not.toBe(first)
    one.release(first)
    expect(taken(other)).toBe(first)
    expect([first, second]).not.toContain(taken(one))
    other.end()
    const third = new QuerySegments(memory)
    expect(new Set([taken(third), taken(third)])).toEqual(new Set([first, second]))
    expect(memory.keptBytes).toBe(3 * 8192)
  })

  it('knows of an end that another thread told', () => {
    const memory = new SegmentMemory(1024 * mb)
    const driver = new QuerySegments(new SegmentMemory(1024 * mb))
    const worker = new QuerySegments(memory, driver.ended)
    const buffer = worker.take(4096)
    new Uint32Array(buffer)[0] = 1
    driver.end()
    expect(new QuerySegments(memory).take(4096)).toBe(buffer)
  })

  it('keeps no more than its part of the budget, and lets go of sizes that nobody asks for', () => {
    const memory = new SegmentMemory(24 * mb)
    const query = new QuerySegments(memory)
    for (let i = 0; i < 8; i++) new Uint32Array(query.take(mb))[0] = 1
    expect(memory.keptBytes).toBe(2 * mb)
    query.end()
    const next = new QuerySegments(memory)
    next.take(mb / 2)
    expect(memory.keptBytes).toBe(mb / 2)
  })
})
