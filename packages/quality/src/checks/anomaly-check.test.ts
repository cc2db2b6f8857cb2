import { describe, expect, it } from '@jest/globals'
import { analyzers } from '../analysis/analyzers.js'
import { absoluteChange, relativeRateOfChange } from '../anomaly-strategy.js'
import { MemoryMetricsRepository } from '../metrics-repository.js'
import { orderRows, orders, withSession } from '../testing.js'
import { anomalyCheck } from './anomaly-check.js'
import { Check } from './check.js'
import { verifyChecks } from './verification-suite.js'

const day = 86_400_000n * 1000n

describe('anomaly checks', () => {
  it('Q-46: a metric that leaves its own history fails the check, at its level, beside the other checks', async () => {
    const repository = new MemoryMetricsRepository()
    const grows = anomalyCheck(analyzers.size(), relativeRateOfChange({ maximum: 1.5 }))
    const strict = anomalyCheck(analyzers.size(), absoluteChange({ minimum: -1, maximum: 1 }), {
      level: 'error',
      description: 'no sudden change',
    })
    const complete = new Check('error', 'complete').hasCompleteness('customer', { atLeast: 0.5 })
    await withSession(async (session) => {
      const run = async (rows: number, at: number) => {
        const table = orders(Array.from({ length: rows }, (_, i) => orderRows[i % orderRows.length]!))
        const options = { repository, table: 'orders', nowMicros: BigInt(at) * day }
        const { status, checks } = await verifyChecks(session, table, [complete, grows, strict], options)
        return [status, ...checks.map((check) => check.status)]
      }
      expect(await run(8, 1)).toEqual(['Success', 'Success', 'Success', 'Success'])
      expect(await run(9, 2)).toEqual(['Success', 'Success', 'Success', 'Success'])
      expect(await run(11, 3)).toEqual(['Error', 'Success', 'Success', 'Error'])
      expect(await run(40, 4)).toEqual(['Error', 'Success', 'Warning', 'Error'])
      expect(grows.description).toBe('Anomaly check for Size of *')
    })
  })

  it('Q-46: only metrics with these tags, of this time, are looked at', async () => {
    const repository = new MemoryMetricsRepository()
    const strategy = relativeRateOfChange({ minimum: 0.9, maximum: 1.1 })
    const check = (window: Parameters<typeof anomalyCheck>[2]) => anomalyCheck(analyzers.size(), strategy, window)
    await withSession(async (session) => {
      const verified = (of: Check, rows: number, at: number, region: string) =>
        verifyChecks(session, orders(Array.from({ length: rows }, (_, i) => orderRows[i % orderRows.length]!)), [of], {
          repository,
          table: 'orders',
          tags: { region },
          nowMicros: BigInt(at) * day,
        })
      const measured = new Check('warning', 'size').hasSize({ atLeast: 0 })
      await verified(measured, 10, 1, 'eu')
      await verified(measured, 100, 2, 'us')
      await verified(measured, 100, 3, 'us')
      const status = async (of: Check) => (await verified(of, 10, 4, 'eu')).status
      expect(await status(check({}))).toBe('Warning')
      expect(await status(check({ tags: { region: 'eu' } }))).toBe('Success')
      const ms = (at: number) => at * 86_400_000
      expect(await status(check({ beforeMs: ms(2) }))).toBe('Success')
      expect(await status(check({ afterMs: ms(2), beforeMs: ms(4) }))).toBe('Warning')
      expect(await status(check({ afterMs: ms(9) }))).toBe('Success')
    })
  })
})
