import { bind, col, conjunction, fn, interpret, lit, type Expr } from '@deltaworks/expression'
import { date, decimal, float64, int32, int64, schema, string, timestamp, type Value } from '@deltaworks/schema'
import fc from 'fast-check'
import { Arena } from '../arena.js'
import { createContext } from '../context.js'
import { batchFromRows } from '../values.js'
import { ConjunctFilter } from './conjunct-filter.js'
import { createFilter } from './filter.js'

/** Predicates of several conditions keep the rows that the interpreter keeps, whatever is null and wherever a batch ends. */

const input = schema([
  { name: 'i', type: int32, nullable: true },
  { name: 'j', type: int32, nullable: true },
  { name: 'l', type: int64, nullable: true },
  { name: 'm', type: int64, nullable: true },
  { name: 'd', type: decimal(12, 2), nullable: true },
  { name: 'w', type: decimal(30, 2), nullable: true },
  { name: 'day', type: date, nullable: true },
  { name: 'at', type: timestamp, nullable: true },
  { name: 't', type: string, nullable: true },
  { name: 'f', type: float64, nullable: true },
])

const nullable = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: null, freq: 6 })
const int = fc.oneof(fc.integer({ min: -2, max: 2 }), fc.constantFrom(-2_147_483_648, 2_147_483_647))
const wide = fc.oneof(fc.bigInt({ min: -2n, max: 2n }), fc.constantFrom(-(2n ** 63n), 2n ** 63n - 1n, 2n ** 32n))
const small = fc.bigInt({ min: -200n, max: 200n })
const rows = fc.array(
  fc.tuple(
    ...[
      int,
      int,
      wide,
      wide,
      small,
      small,
      fc.integer({ min: 0, max: 3 }),
      small,
      fc.constantFrom('a', 'b', ''),
      fc.constantFrom(-1.25, 0, NaN),
    ].map((values) => nullable<Value>(values as fc.Arbitrary<Value>)),
  ),
  { maxLength: 75 },
)
const comparison = fc.constantFrom('eq', 'ne', 'lt', 'le', 'gt', 'ge')
const of = (x: Expr, y: Expr) => comparison.map((name) => fn[name as 'eq'](x, y))
const condition = fc.oneof(
  of(col('i'), col('j')),
  of(col('l'), col('m')),
  of(col('d'), lit('0.50', decimal(12, 2))),
  of(col('d'), col('w')),
  of(col('day'), lit(1, date)),
  of(lit(0n, timestamp), col('at')),
  int.chain((value) => of(col('i'), lit(value, int32))),
  wide.chain((value) => of(lit(value, int64), col('l'))),
  of(col('i'), lit(null, int32)),
  of(col('t'), lit('a')),
  fc.constant(col('t').in_(['a', ''])),
  fc.constant(fn.is_null(col('m'))),
  of(col('i').cast(float64), lit(-0.5)),
  of(col('f'), lit(-1.25)),
)

describe('filters by conjuncts', () => {
  const context = createContext()

  it('keep the rows that the interpreter keeps', () => {
    let byConjunct = 0
    fc.assert(
      fc.property(fc.array(condition, { minLength: 1, maxLength: 4 }), rows, (conditions, values) => {
        const predicate = conjunction(conditions.map((e) => bind(e.node, input)))
        if (ConjunctFilter.create(context, predicate, input, {}) !== null) byConjunct++
        const arena = new Arena(context.heap)
        try {
          const filter = createFilter(context, predicate, input, { mode: 'compiled' })
          const { address, count } = filter.select(arena, batchFromRows(arena, input, values))
          const found = [...context.heap.i32.slice(address >>> 2, (address >>> 2) + count)]
          expect(found).toEqual(values.flatMap((row, i) => (interpret(predicate, row) === true ? [i] : [])))
        } finally {
          arena.close()
        }
      }),
      { numRuns: 600 },
    )
    expect(byConjunct).toBeGreaterThan(300)
  })
})
