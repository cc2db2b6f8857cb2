import { describe, expect, it } from '@jest/globals'
import { absoluteChange, judge, onlineNormal, relativeRateOfChange } from './anomaly-strategy.js'

describe('anomaly strategies', () => {
  it('Q-42: relative rate of change', () => {
    const strategy = relativeRateOfChange({ minimum: 0.5, maximum: 2 })
    expect(judge(strategy, [], 1000).anomalous).toBe(false)
    expect(judge(strategy, [1, 10], 20).anomalous).toBe(false)
    expect(judge(strategy, [1, 10], 21)).toEqual({ anomalous: true, expectedMinimum: 5, expectedMaximum: 20 })
    expect(judge(strategy, [-10], -4)).toMatchObject({ anomalous: true, expectedMinimum: -20, expectedMaximum: -5 })
    expect(judge(relativeRateOfChange({ maximum: 2 }), [-10], -21).anomalous).toBe(true)
  })
  it('Q-41: absolute change', () => {
    expect(judge(absoluteChange({ minimum: -1 }), [10], 8.9).anomalous).toBe(true)
    expect(judge(absoluteChange({ minimum: -1 }), [10], 1000).anomalous).toBe(false)
  })
  it('Q-43: online normal leaves earlier anomalies out of what is normal', () => {
    const calm = [10, 11, 9, 10, 11, 9, 10]
    expect(judge(onlineNormal(), calm, 12).anomalous).toBe(false)
    expect(judge(onlineNormal(), calm, 20).anomalous).toBe(true)
    expect(judge(onlineNormal(), [...calm, 1000], 20).anomalous).toBe(true)
    expect(judge(onlineNormal(), [10], 1000).anomalous).toBe(false)
  })
})
