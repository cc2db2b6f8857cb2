import { describe, expect, it } from '@jest/globals'
import { categoricalDistance, chiSquareDistance, numericalDistance } from './distance.js'
import { KllSketch } from './kll-sketch.js'

const counts = (of: Readonly<Record<string, number>>) => new Map(Object.entries(of))
const sketch = (values: readonly number[]) => {
  const made = new KllSketch({ sketchSize: 64, shrinkingFactor: 0.64 })
  values.forEach((value) => made.update(value))
  return made.state()
}
const uncorrected = { correctForLowNumberOfSamples: true }

describe('distance', () => {
  it('Q-18: categories: the greatest difference between shares', () => {
    const [a, b] = [counts({ a: 10, b: 20, c: 70 }), counts({ a: 10, b: 60, d: 30 })]
    expect(categoricalDistance(a, b, uncorrected)).toBeCloseTo(0.7, 12)
    expect(categoricalDistance(a, b)).toBeCloseTo(0.7 - 1.8 * Math.sqrt(200 / 10_000), 12)
    expect(categoricalDistance(a, a)).toBe(0)
  })

  it('Q-18: numbers: the greatest difference between cumulative shares', () => {
    const [low, high] = [sketch([1, 2, 3, 4]), sketch([3, 4, 5, 6])]
    expect(numericalDistance(low, high, uncorrected)).toBeCloseTo(0.5, 12)
    expect(numericalDistance(low, low, uncorrected)).toBe(0)
    expect(numericalDistance(low, high)).toBe(0)
  })

  it('Q-18: chi-square: statistic and probability', () => {
    // R: chisq.test(c(30, 20, 50), p = c(0.3, 0.3, 0.4)): X-squared = 5.8333, df = 2, p-value = 0.05411.
    const sample = counts({ a: 30, b: 20, c: 50 })
    const baseline = counts({ a: 300, b: 300, c: 400 })
    expect(chiSquareDistance(sample, baseline, uncorrected)).toBeCloseTo(5.833333333333333, 12)
    expect(chiSquareDistance(sample, baseline)).toBeCloseTo(Math.exp(-5.833333333333333 / 2), 12)
    expect(chiSquareDistance(sample, sample)).toBe(1)
    // One degree of freedom: erfc(sqrt(x / 2)) of 4 is 0.0455002638963584.
    expect(chiSquareDistance(counts({ a: 60, b: 40 }), counts({ a: 50, b: 50 }))).toBeCloseTo(0.0455002638963584, 12)
  })

  it('Q-18: chi-square: small categories are put together, and one alone is no test', () => {
    const baseline = counts({ a: 40, b: 50, c: 4, d: 3, e: 3 })
    const sample = counts({ a: 40, b: 50, c: 10, d: 0, e: 0 })
    expect(chiSquareDistance(sample, baseline, uncorrected)).toBeCloseTo(0, 12)
    expect(chiSquareDistance(counts({ a: 5, b: 5 }), counts({ a: 5, b: 5 }))).toBeNaN()
  })
})
