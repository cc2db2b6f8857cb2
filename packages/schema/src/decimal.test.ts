import fc from 'fast-check'
import { decimal } from './data-type.js'
import {
  addType,
  averageType,
  divideHalfUp,
  divideType,
  fitsPrecision,
  formatDecimal,
  multiplyType,
  parseDecimal,
  pow10,
  remainderType,
  rescale,
  sumType,
  tryParseDecimal,
  widerType,
} from './decimal.js'

describe('decimal result types are those of Spark', () => {
  it.each([
    [addType, [12, 2], [12, 2], [13, 2]],
    [addType, [38, 10], [38, 2], [38, 6]],
    [multiplyType, [12, 2], [3, 2], [16, 4]],
    [multiplyType, [38, 10], [38, 10], [38, 6]],
    [divideType, [12, 2], [10, 0], [23, 13]],
    [divideType, [38, 18], [38, 18], [38, 6]],
    [remainderType, [12, 2], [5, 4], [5, 4]],
    [widerType, [12, 2], [10, 0], [12, 2]],
  ] as const)('%p', (rule, [p, s], [q, t], [precision, scale]) => {
    expect(rule(decimal(p, s), decimal(q, t))).toEqual(decimal(precision, scale))
  })

  it('of sum and avg', () => {
    expect(sumType(decimal(13, 2))).toEqual(decimal(23, 2))
    expect(averageType(decimal(13, 2))).toEqual(decimal(17, 6))
    expect(sumType(decimal(35, 2))).toEqual(decimal(38, 2))
  })
})

describe('exact decimals', () => {
  const unscaled = fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n })

  it('text and value are the same after a round trip', () => {
    fc.assert(
      fc.property(unscaled, fc.integer({ min: 0, max: 38 }), (value, scale) => {
        expect(parseDecimal(formatDecimal(value, scale), decimal(38, scale))).toBe(value)
      }),
    )
  })

  it('division rounds half away from zero', () => {
    fc.assert(
      fc.property(unscaled, fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), (a, b) => {
        fc.pre(b !== 0n)
        const q = divideHalfUp(a, b)
        const magnitude = (n: bigint): bigint => (n < 0n ? -n : n)
        const twiceError = 2n * magnitude(a - q * b)
        expect(twiceError <= magnitude(b)).toBe(true)
        if (twiceError === magnitude(b)) expect(magnitude(q * b) > magnitude(a)).toBe(true)
      }),
    )
    expect([divideHalfUp(5n, 2n), divideHalfUp(-5n, 2n), divideHalfUp(4n, 3n)]).toEqual([3n, -3n, 1n])
  })

  it('rescaling up and down again gives the same value', () => {
    fc.assert(
      fc.property(unscaled, fc.integer({ min: 0, max: 10 }), (value, more) => {
        expect(rescale(rescale(value, 2, 2 + more), 2 + more, 2)).toBe(value)
      }),
    )
  })

  it.each([
    ['12.345', [12, 2], 1235n],
    ['-0.005', [12, 2], -1n],
    [' 1e3 ', [12, 2], 100_000n],
    ['1.5E-2', [12, 2], 2n],
    ['.5', [3, 1], 5n],
    ['7.', [3, 1], 70n],
    ['', [3, 1], null],
    ['-', [3, 1], null],
    ['12a', [5, 0], null],
    ['100', [2, 0], null],
    ['99.995', [4, 2], null],
  ] as const)('%p as decimal(%p) is %p', (text, [p, s], expected) => {
    expect(tryParseDecimal(text, decimal(p, s))).toBe(expected)
  })

  it('refuses text that is no number with what it wanted', () => {
    expect(() => parseDecimal('ten', decimal(5, 2))).toThrow(/"ten" is not a valid decimal\(5,2\)/)
  })

  it('precision limits', () => {
    expect(fitsPrecision(999n, 3)).toBe(true)
    expect(fitsPrecision(-1000n, 3)).toBe(false)
    expect(pow10(38)).toBe(10n ** 38n)
  })
})
