import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { describe, expect, it } from '@jest/globals'
import { exchangeUnits, MemoryPool, memoryShare, operatorUnits } from './memory-pool.js'

const MiB = 1024 * 1024

/** A pool over the same counter, as a worker has it. */
const workerPool = (driver: MemoryPool, isCancelled = (): boolean => false): MemoryPool =>
  new MemoryPool(driver.limitBytes, driver.counter, memoryShare(), isCancelled)

describe('the shares of spillable operators (E-38)', () => {
  it('are by units, of what is not held by others', () => {
    const pool = new MemoryPool(64 * MiB)
    const [sort, exchange, scan] = [
      pool.spillable('sort'),
      pool.spillable('exchange', exchangeUnits),
      pool.account('s'),
    ]
    for (const account of [sort, exchange]) account.reserve(4096)
    expect(sort.shareBytes).toBe((48 * MiB * operatorUnits) / (operatorUnits + exchangeUnits))
    expect(exchange.shareBytes).toBe((48 * MiB * exchangeUnits) / (operatorUnits + exchangeUnits))
    exchange.close()
    scan.reserve(8 * MiB)
    expect(sort.shareBytes).toBe(40 * MiB)
    for (const account of [sort, scan]) account.close()
    expect([pool.usedBytes, pool.spillableUnits]).toEqual([0, 0])
  })

  it('leave room for operators and tasks that have not begun', () => {
    const driver = new MemoryPool(64 * MiB)
    const pool = workerPool(driver)
    pool.expect(2 * operatorUnits, 2)
    const first = pool.spillable('first')
    first.reserve(4096)
    expect(first.shareBytes).toBe(12 * MiB)
    expect(driver.spillableUnits).toBe(2 * operatorUnits)
    first.close()
    pool.end()
    expect(driver.spillableUnits).toBe(0)
  })
})

describe('the headroom (E-38)', () => {
  it('is for one worker at a time, until it holds no more than before', () => {
    const driver = new MemoryPool(64 * MiB)
    const impatient = (): boolean => true
    const [one, other] = [workerPool(driver, impatient), workerPool(driver, impatient)]
    const [held, more, waits] = [one.account('held'), one.account('more'), other.account('waits')]
    held.reserve(56 * MiB)
    more.reserve(4 * MiB)
    expect(() => waits.reserve(MiB)).toThrow('waits needs 1048576 bytes more, but 62914560 of the 67108864 bytes')
    more.close()
    waits.reserve(MiB)
    expect(() => held.reserve(8 * MiB)).toThrow('held needs')
    expect(driver.peakBytes).toBeLessThanOrEqual(64 * MiB)
  })

  it('is given up by a task that ends and by a worker that dies', () => {
    const driver = new MemoryPool(64 * MiB)
    const share = memoryShare()
    const [ended, dead] = [workerPool(driver), new MemoryPool(driver.limitBytes, driver.counter, share, () => false)]
    const third = workerPool(driver, () => true)
    ended.requireForExchange(60 * MiB)
    expect(() => third.account('third').reserve(4096)).toThrow()
    ended.end()
    dead.account('dead').reserve(MiB)
    expect(() => third.account('third').reserve(4096)).toThrow()
    driver.reclaim(share)
    third.account('third').reserve(4096)
    expect(driver.usedBytes).toBe(60 * MiB + 4096)
  })

  it('is waited for', async () => {
    const driver = new MemoryPool(64 * MiB)
    const pool = workerPool(driver)
    const account = pool.account('first')
    account.reserve(60 * MiB)
    const module = JSON.stringify(fileURLToPath(new URL('../dist/memory-pool.js', import.meta.url)))
    const worker = new Worker(
      `const { parentPort, workerData: { limitBytes, counter, share } } = require('node:worker_threads')
      import(${module}).then(({ MemoryPool }) => {
        parentPort.postMessage('asks')
        new MemoryPool(limitBytes, counter, share, () => false).account('second').reserve(8 * 1024 * 1024)
        parentPort.postMessage('has')
      })`,
      { eval: true, workerData: { limitBytes: driver.limitBytes, counter: driver.counter, share: memoryShare() } },
    )
    try {
      expect(await once(worker, 'message')).toEqual(['asks'])
      expect(driver.usedBytes).toBe(60 * MiB)
      account.release(4 * MiB)
      expect(await once(worker, 'message')).toEqual(['has'])
      expect(driver.usedBytes).toBe(64 * MiB)
    } finally {
      await worker.terminate()
    }
  })
})
