import { decimal, float64, int32, int64, type DataType, type Value } from '@deltaworks/schema'
import fc from 'fast-check'
import { Accumulators } from '../accumulators.js'
import { Arena, unlimited } from '../arena.js'
import { createContext } from '../context.js'
import { columnIn, valuesOf } from '../testing/columns.js'

/** Aggregates of whole numbers, whose kernels take blocks of 64 rows at once, against sums of bigints. */

const context = createContext()
const { heap } = context

function computed(name: string, type: DataType, result: DataType, values: readonly Value[], parts: number): Value {
  const spec = { name, argTypes: [type], type: result, distinct: false }
  const arena = new Arena(heap)
  const total = new Accumulators(context, unlimited, [spec])
  const size = Math.ceil(values.length / parts)
  for (let part = 0; part < parts; part++) {
    const own = values.slice(part * size, (part + 1) * size)
    const states = new Accumulators(context, unlimited, [spec])
    states.update(0, [[columnIn(arena, type, own, 'plain')]], [null], own.length, 1)
    total.mergePartial(0, states.partial(arena, 1), 1, 1)
    states.close()
  }
  const [column] = total.finish(arena, 1)
  const [found] = valuesOf(arena, column!)
  total.close()
  arena.close()
  return found!
}

/** Mostly blocks without a null, with numbers of 31 bits or of all. */
const numbers = (type: DataType): fc.Arbitrary<Value[]> => {
  const wide = type.kind === 'int64' ? 2n ** 63n - 1n : 10n ** 12n - 1n
  const number = (most: bigint): fc.Arbitrary<Value> =>
    type.kind === 'int32' ? fc.integer() : fc.bigInt({ min: -most, max: most })
  return fc.oneof(
    fc.array(number(2n ** 31n - 1n), { minLength: 100, maxLength: 300 }),
    fc.array(number(wide), { minLength: 100, maxLength: 300 }),
    fc.array(fc.option(number(2n ** 31n), { nil: null, freq: 90 }), { maxLength: 300 }),
  )
}

describe('Aggregates of whole numbers', () => {
  it.each([int32, int64, decimal(12, 2)].map((type) => [type.kind, type] as const))(
    'E-12: variance, mean and extremes of %s, in blocks and in parts',
    (_, type) => {
      fc.assert(
        fc.property(numbers(type), fc.integer({ min: 1, max: 3 }), (values, parts) => {
          const own = (values.filter((value) => value !== null) as (bigint | number)[]).map((value) => BigInt(value))
          const count = BigInt(own.length)
          const of = (name: string, result: DataType = float64): Value => computed(name, type, result, values, parts)
          if (own.length === 0) {
            for (const name of ['var_pop', 'stddev', 'avg']) expect(of(name)).toBeNull()
            expect(of('min', type)).toBeNull()
            return
          }
          const sum = own.reduce((a, b) => a + b, 0n)
          const scaled = count * own.reduce((a, b) => a + b * b, 0n) - sum * sum
          const unit = type.kind === 'decimal' ? 100 : 1
          const close = (found: Value, expected: number): void => {
            expect(Math.abs((found as number) - expected)).toBeLessThanOrEqual(1e-14 * Math.max(1, Math.abs(expected)))
          }
          close(of('var_pop'), Number(scaled) / Number(count * count) / unit ** 2)
          close(of('stddev_pop'), Math.sqrt(Number(scaled) / Number(count * count)) / unit)
          if (own.length > 1) close(of('variance'), Number(scaled) / Number(count * (count - 1n)) / unit ** 2)
          close(of('avg'), Number(sum) / Number(count) / unit)
          const [least, greatest] = own.reduce(([a, b], n) => [n < a ? n : a, n > b ? n : b], [own[0]!, own[0]!])
          expect(BigInt(of('min', type) as bigint | number)).toBe(least)
          expect(BigInt(of('max', type) as bigint | number)).toBe(greatest)
        }),
        { numRuns: 60 },
      )
    },
  )
})
