import { PendingPuts } from './pending-puts.js'

const later = async <T>(value: () => T): Promise<T> => {
  await new Promise((resolve) => setImmediate(resolve))
  return value()
}

describe('PendingPuts', () => {
  it('keeps few writes under way at a time, and all are done when settled', async () => {
    const puts = new PendingPuts()
    let running = 0
    let most = 0
    let done = 0
    for (let i = 0; i < 100; i++) {
      await puts.add(async () => {
        most = Math.max(most, ++running)
        await later(() => undefined)
        running--
        done++
      })
    }
    await puts.settled()
    expect({ done, running }).toEqual({ done: 100, running: 0 })
    expect(most).toBeGreaterThan(1)
    expect(most).toBeLessThanOrEqual(8)
  })

  it('throws the first failure, and begins nothing more', async () => {
    const puts = new PendingPuts()
    await puts.add(() =>
      later(() => {
        throw new Error('disk full')
      }),
    )
    await expect(puts.settled()).rejects.toThrow('disk full')
    let begun = false
    await expect(
      puts.add(async () => {
        begun = true
      }),
    ).rejects.toThrow('disk full')
    expect(begun).toBe(false)
  })
})
