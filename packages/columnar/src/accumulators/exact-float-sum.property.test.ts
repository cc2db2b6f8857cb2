import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { float64 } from '@deltaworks/schema'
import { Accumulators } from '../accumulators.js'
import { Arena, unlimited } from '../arena.js'
import { createContext } from '../context.js'
import { readValue } from '../read-values.js'
import { columnFromValues } from '../values.js'

const context = createContext()
const names = ['sum', 'avg', 'stddev', 'var_pop'] as const
const specs = names.map((name) => ({ name, argTypes: [float64], type: float64, distinct: false }))

/** Results over values that come in parts, each with states of its own, which are merged. */
function results(parts: readonly (readonly number[])[]): readonly (number | null)[] {
  const arena = new Arena(context.heap)
  const total = new Accumulators(context, unlimited, specs)
  for (const part of parts) {
    const own = new Accumulators(context, unlimited, specs)
    const column = columnFromValues(arena, float64, [...part])
    own.update(
      0,
      specs.map(() => [column]),
      specs.map(() => null),
      part.length,
      1,
    )
    total.mergePartial(0, own.partial(arena, 1), 1, 1)
    own.close()
  }
  const found = total.finish(arena, 1).map((column) => readValue(context.heap, column, 0) as number | null)
  total.close()
  arena.close()
  return found
}

/** A double as numerator · 2^-1074. */
function exactly(value: number): bigint {
  const bits = new BigUint64Array(new Float64Array([value]).buffer)[0]!
  const exponent = (bits >> 52n) & 2047n
  const fraction = bits & 0xfffffffffffffn
  const magnitude = exponent === 0n ? fraction : (fraction | 0x10000000000000n) << (exponent - 1n)
  return value < 0 ? -magnitude : magnitude
}

/** numerator · 2^-1074 as the nearest double: by text, as Number rounds it. */
function nearest(numerator: bigint): number {
  const magnitude = numerator < 0n ? -numerator : numerator
  const bits = BigInt(magnitude.toString(2).length)
  const drop = bits > 53n ? bits - 53n : 0n
  const kept = magnitude >> drop
  const rest = magnitude - (kept << drop)
  const half = drop === 0n ? 0n : 1n << (drop - 1n)
  const up = drop > 0n && (rest > half || (rest === half && (kept & 1n) === 1n)) ? 1n : 0n
  let result = Number(kept + up)
  let power = Number(drop) - 1074
  for (; power > 0; power--) result *= 2
  for (; power < 0; power++) result /= 2
  return numerator < 0n ? -result : result
}

describe('E-42: sums of doubles', () => {
  const magnitudes = fc.constantFrom(1e-300, 5e-324, 1e-10, 0.1, 1, 3, 1e10, 1e17, 1e300)
  const doubles = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }),
    fc.tuple(fc.double({ noNaN: true, min: -1, max: 1 }), magnitudes).map(([x, scale]) => x * scale),
  )

  it('and all that is made of them do not depend on the order of the values, nor on how they are divided', () => {
    fc.assert(
      fc.property(fc.array(doubles, { minLength: 2, maxLength: 60 }), fc.nat(59), fc.nat(59), (values, i, j) => {
        const [first, second] = [Math.min(i, j), Math.max(i, j)]
        const turned = [...values].reverse()
        const expected = results([values])
        expect(results([turned.slice(0, first), turned.slice(first, second), turned.slice(second)])).toEqual(expected)
        expect(results([...values].sort((a, b) => a - b).map((value) => [value]))).toEqual(expected)
      }),
      { numRuns: 200 },
    )
  })

  it('are the exact sum, rounded once, where the values are not too far apart', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.double({ noNaN: true, min: -1e9, max: 1e9 }).map((x) => Math.round(x * 1024) / 1024),
          {
            minLength: 1,
            maxLength: 100,
          },
        ),
        (values) => expect(results([values])[0]).toBe(nearest(values.reduce((sum, x) => sum + exactly(x), 0n))),
      ),
      { numRuns: 200 },
    )
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true, min: -1e-310, max: 1e-310 }), { minLength: 1 }), (values) =>
        expect(results([values])[0]).toBe(nearest(values.reduce((sum, x) => sum + exactly(x), 0n))),
      ),
      { numRuns: 100 },
    )
  })

  it.each([
    [[1e300, 1e290, -1e300], 1e290],
    [[1e16, 1, -1e16], 1],
    [[Number.MAX_VALUE, Number.MAX_VALUE, -Number.MAX_VALUE], Number.MAX_VALUE],
    [[Number.MAX_VALUE, Number.MAX_VALUE], Number.POSITIVE_INFINITY],
    [[1, Number.POSITIVE_INFINITY], Number.POSITIVE_INFINITY],
    [[1, Number.NEGATIVE_INFINITY], Number.NEGATIVE_INFINITY],
    [[Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY], Number.NaN],
    [[Number.NaN, 1], Number.NaN],
    [[0, -0], 0],
    [[5e-324, 5e-324], 1e-323],
  ])('of %p', (values, sum) => expect(results([values])[0]).toBe(sum))

  it('of squares do not cancel: variance of values far from zero', () => {
    const [, , stddev, variance] = results([[1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16]])
    expect(stddev).toBe(Math.sqrt(30))
    expect(variance).toBe(22.5)
    expect(results([[0.1, 0.1], [0.1]])[2]).toBe(0)
  })
})
