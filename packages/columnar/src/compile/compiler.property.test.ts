import { bind, col, fn, interpret, lit, when, type BoundExpression, type Expr } from '@deltaworks/expression'
import {
  date,
  decimal,
  float64,
  int32,
  int64,
  isDeltaworksError,
  schema,
  string,
  timestamp,
  boolean,
  type Value,
} from '@deltaworks/schema'
import fc from 'fast-check'
import { Arena } from '../arena.js'
import { dictionaryColumn, type Column } from '../column.js'
import { createContext, type ColumnarContext } from '../context.js'
import { recordBatch, type RecordBatch } from '../record-batch.js'
import { readValue } from '../read-values.js'
import { columnFromValues } from '../values.js'
import { createEvaluator } from './evaluator.js'
import { createFilter } from './filter.js'

/** Random expressions over random batches: what the compiled loop gives is what the interpreter gives, bit for bit. */

const input = schema([
  { name: 'i', type: int32, nullable: true },
  { name: 'j', type: int32, nullable: true },
  { name: 'l', type: int64, nullable: true },
  { name: 'd', type: decimal(12, 2), nullable: true },
  { name: 'w', type: decimal(30, 4), nullable: true },
  { name: 'f', type: float64, nullable: true },
  { name: 't', type: string, nullable: true },
  { name: 'u', type: string, nullable: true },
  { name: 'b', type: boolean, nullable: true },
  { name: 'day', type: date, nullable: true },
  { name: 'at', type: timestamp, nullable: true },
])

const { expressions } = fc.letrec<{ number: Expr; text: Expr; truth: Expr; day: Expr; expressions: Expr }>((tie) => ({
  number: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(col('i'), col('j'), col('l'), col('d'), col('w'), col('f')),
    fc.constantFrom(lit(0), lit(3), lit(-7), lit(2.5), lit('1.25', decimal(5, 2))),
    fc
      .tuple(
        fc.constantFrom('add', 'subtract', 'multiply', 'divide', 'modulo', 'coalesce', 'nullif', 'greatest', 'least'),
        tie('number'),
        tie('number'),
      )
      .map(([name, x, y]) => fn[name as 'add'](x, y)),
    fc.tuple(fc.constantFrom('negate', 'abs', 'floor', 'ceil'), tie('number')).map(([name, x]) => fn[name as 'abs'](x)),
    fc
      .tuple(tie('number'), fc.constantFrom(int32, int64, decimal(10, 1), decimal(18, 6), decimal(38, 6), float64))
      .map(([x, type]) => x.cast(type)),
    fc.tuple(tie('truth'), tie('number'), tie('number')).map(([c, x, y]) => when(c, x).otherwise(y)),
    tie('text').map((t) => fn.length(t)),
    tie('text').map((t) => t.tryCast(decimal(12, 2))),
    tie('text').map((t) => t.cast(int32)),
    tie('day').map((d) => fn.year(d)),
    tie('day').map((d) => fn.week(d)),
    tie('day').map((d) => fn.unix_date(d)),
    fc.constant(fn.unix_micros(col('at'))),
    fc.constant(fn.hour(col('at'))),
  ),
  text: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(col('t'), col('u'), lit('ab'), lit('é')),
    fc
      .tuple(fc.constantFrom('lower', 'upper', 'trim', 'ltrim', 'md5'), tie('text'))
      .map(([name, t]) => fn[name as 'lower'](t)),
    fc.tuple(tie('text'), tie('text')).map(([t, u]) => fn.concat(t, u)),
    fc.tuple(tie('text'), tie('text'), tie('text')).map(([s, t, u]) => fn.concat_ws(s, t, u)),
    fc
      .tuple(tie('text'), fc.integer({ min: -4, max: 4 }), fc.integer({ min: -1, max: 5 }))
      .map(([t, p, n]) => fn.substring(t, p, n)),
    fc.tuple(tie('text'), fc.integer({ min: -3, max: 3 })).map(([t, p]) => fn.split_part(t, 'a', p)),
    fc.tuple(tie('text'), tie('text'), tie('text')).map(([t, u, v]) => fn.replace(t, u, v)),
    fc.tuple(tie('text'), fc.constantFrom('', 'ab', 'aa', 'é')).map(([t, from]) => fn.translate(t, from, 'xy')),
    fc.tuple(tie('truth'), tie('text'), tie('text')).map(([c, x, y]) => fn.if(c, x, y)),
    fc.constantFrom(...['l', 'd', 'w', 'day', 'at'].map((name) => col(name).cast(string))),
  ),
  truth: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constant(col('b')),
    fc
      .tuple(fc.constantFrom('eq', 'ne', 'lt', 'le', 'gt', 'ge', 'is_not_distinct_from'), tie('number'), tie('number'))
      .map(([n, x, y]) => fn[n as 'eq'](x, y)),
    fc
      .tuple(
        fc.constantFrom('eq', 'lt', 'ge', 'contains', 'starts_with', 'ends_with', 'is_not_distinct_from'),
        tie('text'),
        tie('text'),
      )
      .map(([n, x, y]) => fn[n as 'eq'](x, y)),
    fc.tuple(fc.constantFrom('and', 'or'), tie('truth'), tie('truth')).map(([n, x, y]) => fn[n as 'and'](x, y)),
    tie('truth').map((x) => x.not()),
    tie('number').map((x) => x.isNull()),
    tie('number').map((x) => x.in_([1, 2, null])),
    fc.tuple(tie('text'), fc.constantFrom('a%', '%b_', '_é%', 'ab')).map(([t, p]) => t.like(p)),
    tie('text').map((t) => t.in_(['ab', 'a', 'é'])),
  ),
  day: fc.oneof(
    { depthSize: 'small' },
    fc.constant(col('day')),
    fc.constant(col('at').cast(date)),
    fc.tuple(tie('day'), fc.constantFrom(col('j'), lit(40))).map(([d, n]) => fn.add_months(d, n)),
    fc.tuple(tie('day'), fc.constantFrom('year', 'quarter', 'week')).map(([d, unit]) => fn.trunc(d, unit)),
    tie('text').map((t) => fn.try_to_date(t, 'yyyy-MM-dd')),
  ),
  expressions: fc.oneof(tie('number'), tie('text'), tie('truth'), tie('day')),
}))

/** Of one text, or of conditions alone. */
const condition: fc.Arbitrary<Expr> = fc.letrec<{ condition: Expr }>((tie) => ({
  condition: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(col('b'), col('t').isNull(), col('u').isNotNull(), lit(true), lit(null, boolean)),
    fc.tuple(fc.constantFrom('and', 'or'), tie('condition'), tie('condition')).map(([n, x, y]) => fn[n as 'and'](x, y)),
    tie('condition').map((x) => x.not()),
    tie('condition').map((x) => x.isNull()),
    tie('condition').map((x) => x.isNotNull()),
    fc.tuple(tie('condition'), fc.boolean()).map(([x, otherwise]) => fn.coalesce(x, lit(otherwise))),
  ),
})).condition
const ofTexts: fc.Arbitrary<Expr> = fc.oneof(
  condition,
  fc
    .constantFrom(col('t'), col('u'))
    .chain((t) =>
      fc.constantFrom(
        t.like('%a%'),
        t.in_(['ab', 'a', 'é']),
        t.in_(['ab']).not(),
        fn.length(t),
        fn.length(t).gt(lit(2)),
        t.tryCast(decimal(12, 2)),
        t.cast(int32),
        t.tryCast(int32).isNull(),
        t.rlike('^[0-9.-]+$'),
        fn.coalesce(t.eq(lit('ab')), lit(false)),
        t.isNull(),
        fn.upper(t),
        fn.if(t.isNull(), lit(null, boolean), t.eq(lit(''))),
      ),
    ),
)

const small = fc.integer({ min: -20, max: 20 })
const texts = fc.oneof(
  fc.constantFrom('', 'ab', 'a', ' Ab ', 'é', '😀a', '12', '-3.5', '2003-02-24', 'aab'),
  fc.string({ maxLength: 6 }),
)
const orNull = <T extends Value>(of: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(of, { freq: 4, nil: null })
const rowOf = (nullable: boolean): fc.Arbitrary<Value[]> => {
  const maybe = <T extends Value>(of: fc.Arbitrary<T>): fc.Arbitrary<T | null> => (nullable ? orNull(of) : of)
  return fc.tuple(
    maybe(fc.oneof(small, fc.integer())),
    maybe(small),
    maybe(fc.oneof(small.map(BigInt), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }))),
    maybe(fc.bigInt({ min: -(10n ** 12n) + 1n, max: 10n ** 12n - 1n })),
    maybe(fc.oneof(small.map(BigInt), fc.bigInt({ min: -(10n ** 30n) + 1n, max: 10n ** 30n - 1n }))),
    maybe(fc.oneof(small, fc.double())),
    maybe(texts),
    maybe(texts),
    maybe(fc.boolean()),
    maybe(fc.integer({ min: -719_162, max: 2_932_896 })),
    maybe(fc.bigInt({ min: -62_135_596_800_000_000n, max: 253_402_300_799_999_999n })),
  )
}
const batches = fc.boolean().chain((nullable) => fc.array(rowOf(nullable), { minLength: 1, maxLength: 70 }))

let context: ColumnarContext
beforeAll(() => {
  context = createContext()
})

describe('compiled expressions (E-04, E-05)', () => {
  it('are the interpreter, bit for bit', () => {
    fc.assert(
      fc.property(
        fc.array(expressions, { minLength: 1, maxLength: 3 }),
        batches,
        fc.boolean(),
        (chosen, rows, encoded) => {
          const bound = chosen.flatMap(bindable)
          fc.pre(bound.length > 0)
          const arena = new Arena(context.heap)
          try {
            const batch = batchOf(arena, rows, encoded)
            // Rows on which one of them fails are looked at on their own: the batch must then fail, too.
            const expected = bound.map((e) => rows.map((row) => outcome(() => interpret(e, row))))
            const fails = expected.some((column) => column.some((v) => v instanceof Failed))
            const found = outcome(() => compute(arena, bound, batch))
            if (fails) expect(found).toBeInstanceOf(Failed)
            else expect(found).toEqual(expected)
          } finally {
            arena.close()
          }
        },
      ),
      { numRuns: 1500 },
    )
  })

  it('are evaluated once an entry of a dictionary that few rows make, for the next batch too', () => {
    const repeated = fc
      .boolean()
      .chain((nullable) => fc.array(rowOf(nullable), { minLength: 1, maxLength: 6 }))
      .chain((rows) => fc.array(fc.constantFrom(...rows), { minLength: 30, maxLength: 90 }))
    fc.assert(
      fc.property(fc.array(ofTexts, { minLength: 1, maxLength: 4 }), repeated, (chosen, rows) => {
        const bound = chosen.flatMap(bindable)
        fc.pre(bound.length > 0)
        const [kept, first, second] = [new Arena(context.heap), new Arena(context.heap), new Arena(context.heap)]
        try {
          const batch = batchOf(kept, rows, true)
          const expected = bound.map((e) => rows.map((row) => outcome(() => interpret(e, row))))
          const fails = expected.some((column) => column.some((v) => v instanceof Failed))
          const evaluator = createEvaluator(context, bound, input, { mode: 'compiled' })
          for (const arena of [first, second]) {
            const found = outcome(() => evaluator.project(arena, batch).map((column) => valuesOf(column)))
            if (fails) expect(found).toBeInstanceOf(Failed)
            else expect(found).toEqual(expected)
          }
          for (const [i, column] of fails ? [] : evaluator.project(second, batch).entries())
            if (column.nullCount >= 0) expect(column.nullCount).toBe(expected[i]!.filter((v) => v === null).length)
        } finally {
          for (const arena of [kept, first, second]) arena.close()
        }
      }),
      { numRuns: 200 },
    )
  })

  it('filter as the interpreter does', () => {
    fc.assert(
      fc.property(expressions, batches, fc.boolean(), (chosen, rows, encoded) => {
        const [bound] = bindable(chosen)
        fc.pre(bound?.type.kind === 'boolean')
        const arena = new Arena(context.heap)
        try {
          const expected = outcome(() => rows.flatMap((row, i) => (interpret(bound!, row) === true ? [i] : [])))
          const found = outcome(() => {
            const { address, count } = createFilter(context, bound!, input, { mode: 'compiled' }).select(
              arena,
              batchOf(arena, rows, encoded),
            )
            return [...context.heap.i32.slice(address >>> 2, (address >>> 2) + count)]
          })
          expect(found).toEqual(expected)
        } finally {
          arena.close()
        }
      }),
      { numRuns: 400 },
    )
  })
})

function bindable(expression: Expr): BoundExpression[] {
  try {
    return [bind(expression.node, input)]
  } catch (error) {
    if (isDeltaworksError(error) && error.fault === 'usage') return []
    throw error
  }
}

class Failed {
  readonly code: string
  constructor(code: string) {
    this.code = code
  }
}
function outcome<T>(evaluate: () => T): T | Failed {
  try {
    return evaluate()
  } catch (error) {
    if (isDeltaworksError(error) && error.fault === 'data') return new Failed(error.code)
    throw error
  }
}

const valuesOf = (column: Column): Value[] =>
  Array.from({ length: column.length }, (_, row) => readValue(context.heap, column, row))

function compute(arena: Arena, bound: readonly BoundExpression[], batch: RecordBatch): Value[][] {
  const columns = createEvaluator(context, bound, input, { mode: 'compiled' }).project(arena, batch)
  return columns.map((column) =>
    Array.from({ length: batch.rowCount }, (_, row) => readValue(context.heap, column, row)),
  )
}

/** Texts with or without a dictionary. */
function batchOf(arena: Arena, rows: readonly (readonly Value[])[], encoded: boolean): RecordBatch {
  const columns = input.fields.map(({ type }, i) => {
    const values = rows.map((row) => row[i]!)
    return encoded && type.kind === 'string' ? encodedColumn(arena, values) : columnFromValues(arena, type, values)
  })
  return recordBatch(input, rows.length, columns)
}

function encodedColumn(arena: Arena, values: readonly Value[]): Column {
  const distinct = [...new Set(values.filter((v) => v !== null))]
  const plain = columnFromValues(arena, string, values)
  const codes = columnFromValues(
    arena,
    int32,
    values.map((v) => (v === null ? 0 : distinct.indexOf(v))),
  )
  return dictionaryColumn(
    columnFromValues(arena, string, distinct),
    values.length,
    codes.values,
    plain.validity,
    plain.nullCount,
  )
}
