import { describe, expect, it } from '@jest/globals'
import {
  absoluteChange,
  batchNormal,
  detectAnomalies,
  holtWinters,
  judge,
  onlineNormal,
  relativeRateOfChange,
  simpleThreshold,
} from './anomaly-strategy.js'

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

  const places = (found: ReturnType<typeof detectAnomalies>) => found.map(({ index }) => index)

  it('Q-40: simple threshold', () => {
    const series = [-1, 2, 3, 0.5]
    expect(places(detectAnomalies(simpleThreshold({ maximum: 1 }), series))).toEqual([1, 2])
    expect(places(detectAnomalies(simpleThreshold({ minimum: -0.5, maximum: 1 }), series))).toEqual([0, 1, 2])
    expect(places(detectAnomalies(simpleThreshold({ maximum: 1 }), series, 2, 4))).toEqual([2])
    expect(() => simpleThreshold({})).toThrow(expect.objectContaining({ code: 'DW-QUALITY-0005' }))
    expect(() => simpleThreshold({ minimum: 2, maximum: 1 })).toThrow(
      expect.objectContaining({ code: 'DW-QUALITY-0005' }),
    )
  })

  // Deequ's series: 1 or -1 in turn, and in the middle ever larger.
  const wave = Array.from({ length: 51 }, (_, i) => (i < 20 || i > 30 ? 1 : i) * (i % 2 === 0 ? 1 : -1))

  it("Q-41: absolute change of Deequ's series, by order", () => {
    const found = detectAnomalies(absoluteChange({ minimum: -2, maximum: 2 }), wave)
    expect(places(found)).toEqual([20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31])
    expect(places(detectAnomalies(absoluteChange({ maximum: 2 }), wave, 25, 50))).toEqual([26, 28, 30])
    expect(places(detectAnomalies(absoluteChange({ minimum: -2 }), wave, 25, 50))).toEqual([25, 27, 29, 31])
    const second = detectAnomalies(absoluteChange({ minimum: -8, maximum: 0, order: 2 }), [1, -6, 18, -3])
    expect(places(second)).toEqual([2, 3])
    expect(places(detectAnomalies(absoluteChange({ minimum: -60, maximum: 30, order: 2 }), [1, -6, 18, -3]))).toEqual([
      2,
    ])
  })

  it('Q-42: relative change, to the value so many places before', () => {
    const series = [10, 20, 11, 60]
    expect(places(detectAnomalies(relativeRateOfChange({ maximum: 2 }), series))).toEqual([3])
    expect(places(detectAnomalies(relativeRateOfChange({ minimum: 0.9, maximum: 2, order: 2 }), series))).toEqual([3])
  })

  it('Q-43: online normal as Deequ has it: a value joins what it is judged by', () => {
    const series = [...Array.from({ length: 30 }, (_, i) => (i % 2 === 0 ? 1 : -1)), 20, -20, 1]
    const deequ = onlineNormal({ lowerDeviations: 3.5, upperDeviations: 3.5, warmUp: 3, joinsFirst: true })
    expect(places(detectAnomalies(deequ, series))).toEqual([30, 31])
    expect(places(detectAnomalies({ ...deequ, upperDeviations: null }, series))).toEqual([31])
    // Among few values an outlier hides itself; judged by the others alone it does not.
    expect(places(detectAnomalies(deequ, [1, 1.1, 0.9, 1, 9]))).toEqual([])
    expect(places(detectAnomalies({ ...deequ, joinsFirst: false }, [1, 1.1, 0.9, 1, 9]))).toEqual([4])
  })

  it('Q-44: batch normal judges by all other values', () => {
    const series = [1, 2, 1, 2, 1, 2, 9, 1, 2]
    const one = batchNormal({ lowerDeviations: 1, upperDeviations: 1 })
    expect(places(detectAnomalies(one, series, 6, 7))).toEqual([6])
    expect(places(detectAnomalies(batchNormal({ upperDeviations: null, lowerDeviations: 1 }), series, 6, 7))).toEqual(
      [],
    )
    expect(
      places(
        detectAnomalies(batchNormal({ lowerDeviations: 2, upperDeviations: 2, includeInterval: true }), series, 0, 9),
      ),
    ).toEqual([6])
    expect(judge(one, [1], 100).anomalous).toBe(false)
  })

  it('Q-45: Holt-Winters expects what the season brings', () => {
    const week = [1, 1, 1.2, 1.3, 1.5, 2.1, 1.9]
    const noise = [0.03, -0.02, 0.01, -0.04, 0.02, 0.05, -0.03, 0.04, -0.01, 0.02, 0.01, -0.05, 0.03, -0.02]
    const two = [...week, ...week].map((value, i) => value + noise[i]!)
    const weekly = holtWinters('daily', 'weekly')
    expect(places(detectAnomalies(weekly, [...two, 0], 14))).toEqual([14])
    // A Saturday's peak is no anomaly on a Saturday, and is one on a Monday.
    const next = [...two, 1.02, 0.99, 1.21, 1.28, 1.5, 2.13]
    expect(places(detectAnomalies(weekly, next, 14))).toEqual([])
    expect(judge(weekly, two, 2.1).anomalous).toBe(true)
    expect(
      places(
        detectAnomalies(
          weekly,
          Array.from({ length: 21 }, () => 1),
          14,
        ),
      ),
    ).toEqual([])
    expect(places(detectAnomalies(weekly, [...Array.from({ length: 20 }, () => 1), 0], 14))).toEqual([20])
    // Fewer than two seasons tell nothing.
    expect(judge(weekly, week, 100).anomalous).toBe(false)
    expect(() => holtWinters('hourly', 'yearly')).toThrow(expect.objectContaining({ code: 'DW-QUALITY-0005' }))
    expect([holtWinters('hourly', 'daily'), holtWinters('monthly', 'yearly')]).toMatchObject([
      { periodicity: 24 },
      { periodicity: 12 },
    ])
  })

  it('Q-45: a rising yearly season is forecast', () => {
    const month = (i: number) => 100 + 2 * i + 30 * Math.sin((2 * Math.PI * i) / 12)
    const series = Array.from({ length: 48 }, (_, i) => month(i))
    const verdict = judge(holtWinters('monthly', 'yearly'), series, month(48))
    expect((verdict.expectedMinimum! + verdict.expectedMaximum!) / 2 / month(48)).toBeCloseTo(1, 1)
    expect(judge(holtWinters('monthly', 'yearly'), series, month(48) + 60).anomalous).toBe(true)
  })
})
