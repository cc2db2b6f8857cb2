import { describe, expect, it } from '@jest/globals'
import { RequestGate, withRetries, type RetryClass } from './retry.js'

const failing = (times: number) => {
  let calls = 0
  return async (): Promise<number> => {
    if (++calls <= times) throw new Error(`failure ${calls}`)
    return calls
  }
}

describe('D-88: withRetries', () => {
  const run = (kind: RetryClass, times: number, random = 1) => {
    const waits: number[] = []
    const result = withRetries(
      {
        maxAttempts: 5,
        classify: () => kind,
        sleep: async (ms) => void waits.push(ms),
        random: () => random,
      },
      failing(times),
    )
    return { result, waits }
  }

  it('waits up to a bound that doubles', async () => {
    const { result, waits } = run('soon', 4)
    expect(await result).toBe(5)
    expect(waits).toEqual([100, 200, 400, 800])
    const half = run('soon', 4, 0.5)
    await half.result
    expect(half.waits).toEqual([50, 100, 200, 400])
  })

  it('waits longer where the store says so', async () => {
    const { result, waits } = run('slow-down', 2)
    expect(await result).toBe(3)
    expect(waits).toEqual([500, 1000])
  })

  it('gives the last failure after the last attempt, and the first where no attempt would help', async () => {
    await expect(run('soon', 9).result).rejects.toThrow('failure 5')
    const never = run('never', 9)
    await expect(never.result).rejects.toThrow('failure 1')
    expect(never.waits).toEqual([])
  })
})

describe('D-88: RequestGate', () => {
  it('lets no more through than its limit, halves it on demand, and recovers with successes', async () => {
    const gate = new RequestGate(8)
    let underWay = 0
    let most = 0
    const request = async (): Promise<void> => {
      most = Math.max(most, ++underWay)
      await new Promise((resolve) => setTimeout(resolve, 1))
      underWay--
    }
    const many = (count: number) => Promise.all(Array.from({ length: count }, () => gate.run(request)))
    await many(50)
    expect(most).toBe(8)
    gate.slowDown()
    gate.slowDown()
    expect(gate.limit).toBe(2)
    most = 0
    await many(4)
    expect(most).toBeLessThanOrEqual(3)
    for (let i = 0; i < 10; i++) gate.slowDown()
    expect(gate.limit).toBe(1)
    await many(200)
    expect(gate.limit).toBe(8)
  })

  it('lets the next one through after a failure', async () => {
    const gate = new RequestGate(1)
    await expect(gate.run(async () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await gate.run(async () => 1)).toBe(1)
  })
})
