import { bind, col, utcContext } from '@deltaworks/expression'
import { decimal, formatDecimal, schema, string, type Value } from '@deltaworks/schema'
import fc from 'fast-check'
import { Arena } from '../arena.js'
import { createContext } from '../context.js'
import { recordBatch } from '../record-batch.js'
import { readValue } from '../read-values.js'
import { columnFromValues } from '../values.js'
import { createEvaluator } from './evaluator.js'

/** Quotients, roundings and digits of 128 bits: the kernel's digits are those of exact integers. */
const wide = decimal(38, 0)
const limit = 10n ** 38n
const digits = fc.oneof(
  fc.bigInt({ min: -limit + 1n, max: limit - 1n }),
  fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }),
  fc.bigInt({ min: -(2n ** 33n), max: 2n ** 33n }),
  // Near powers of two, where a guessed digit is off by one or two.
  fc
    .tuple(fc.integer({ min: 0, max: 125 }), fc.integer({ min: -2, max: 2 }), fc.boolean())
    .map(([power, offset, negative]) => {
      const value = 2n ** BigInt(power) + BigInt(offset)
      return negative ? -value : value
    }),
)

const halfUp = (a: bigint, b: bigint): bigint => {
  const magnitude = (x: bigint): bigint => (x < 0n ? -x : x)
  const quotient = (magnitude(a) * 2n + magnitude(b)) / (magnitude(b) * 2n)
  return a < 0n !== b < 0n ? -quotient : quotient
}

describe('128-bit division and digits, compiled', () => {
  const context = createContext()

  function compute(
    type: ReturnType<typeof decimal>,
    expression: ReturnType<typeof col>,
    columns: Record<string, Value[]>,
  ): Value[] {
    const names = Object.keys(columns)
    const input = schema(names.map((name) => ({ name, type, nullable: false })))
    const arena = new Arena(context.heap)
    try {
      const rows = columns[names[0]!]!.length
      const batch = recordBatch(
        input,
        rows,
        names.map((name) => columnFromValues(arena, type, columns[name]!)),
      )
      const bound = bind(expression.node, input)
      const [column] = createEvaluator(context, [bound], input, { mode: 'compiled', evaluation: utcContext }).project(
        arena,
        batch,
      )
      return Array.from({ length: rows }, (_, row) => readValue(context.heap, column!, row))
    } finally {
      arena.close()
    }
  }

  it('E-04: rounds a wide decimal half up when digits are dropped', () => {
    fc.assert(
      fc.property(fc.array(digits, { minLength: 1, maxLength: 40 }), (values) => {
        const type = decimal(38, 11)
        const got = compute(type, col('a').cast(decimal(38, 2)), { a: values })
        expect(got).toEqual(values.map((value) => halfUp(value, 10n ** 9n)))
      }),
      { numRuns: 200 },
    )
  })

  it('E-04: writes a wide decimal as text, whatever its scale', () => {
    const scale = fc.constantFrom(0, 1, 4, 18, 19, 20, 37, 38)
    fc.assert(
      fc.property(fc.array(digits, { minLength: 1, maxLength: 40 }), scale, (values, places) => {
        const got = compute(decimal(38, places), col('a').cast(string), { a: values })
        expect(got).toEqual(values.map((value) => formatDecimal(value, places)))
      }),
      { numRuns: 200 },
    )
  })

  it('E-04: divides as exact integers do', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(digits, digits), { minLength: 1, maxLength: 40 }), (pairs) => {
        const usable = pairs.map(([a, b]) => [a / 10n ** 7n, b === 0n ? 1n : b] as const)
        const bound = bind(
          col('a').div(col('b')).node,
          schema([
            { name: 'a', type: wide, nullable: false },
            { name: 'b', type: wide, nullable: false },
          ]),
        )
        if (bound.type.kind !== 'decimal') throw new Error('a quotient of decimals is a decimal')
        const { scale } = bound.type
        const fitting = usable.filter(([a, b]) => {
          const quotient = halfUp(a * 10n ** BigInt(scale), b)
          return quotient < limit && quotient > -limit
        })
        if (fitting.length === 0) return
        const got = compute(wide, col('a').div(col('b')), { a: fitting.map(([a]) => a), b: fitting.map(([, b]) => b) })
        expect(got).toEqual(fitting.map(([a, b]) => halfUp(a * 10n ** BigInt(scale), b)))
      }),
      { numRuns: 300 },
    )
  })
})
