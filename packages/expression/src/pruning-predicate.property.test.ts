import { decimal, float64, int32, schema, string, type Value } from '@deltaworks/schema'
import fc from 'fast-check'
import {
  bind,
  col,
  createPruningPredicate,
  fn,
  interpret,
  lit,
  valuesCompare,
  type ColumnBounds,
  type Expr,
} from './index.js'

const input = schema([
  { name: 'i', type: int32, nullable: true },
  { name: 'd', type: decimal(6, 2), nullable: true },
  { name: 't', type: string, nullable: true },
  { name: 'f', type: float64, nullable: true },
])
const small = fc.integer({ min: -5, max: 5 })
const words = fc.constantFrom('', 'a', 'ab', 'abc', 'b', 'é', '😀', '\uffee')
const names = fc.constantFrom('eq', 'ne', 'lt', 'le', 'gt', 'ge', 'is_not_distinct_from')

const { predicate } = fc.letrec<{ predicate: Expr }>((tie) => ({
  predicate: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    fc.tuple(names, fc.constantFrom('i', 'd', 'f'), fc.option(small)).map(([n, c, v]) => fn[n as 'eq'](col(c), lit(v))),
    fc.tuple(names, small).map(([n, v]) => fn[n as 'eq'](v, col('i').cast(decimal(12, 1)))),
    fc.tuple(names, words).map(([n, v]) => fn[n as 'eq'](col('t'), v)),
    fc.tuple(fc.constantFrom('a%', 'ab%', 'a_', '%b', 'é%'), fc.constant(0)).map(([p]) => col('t').like(p)),
    words.map((w) => fn.starts_with(col('t'), w)),
    fc.array(fc.option(small), { minLength: 1, maxLength: 3 }).map((v) => col('i').in_(v)),
    fc.constantFrom('i', 'd', 't').map((c) => col(c).isNull()),
    fc.constantFrom('i', 'd', 't').map((c) => col(c).isNotNull()),
    fc.tuple(tie('predicate'), tie('predicate')).map(([x, y]) => x.and(y)),
    fc.tuple(tie('predicate'), tie('predicate')).map(([x, y]) => x.or(y)),
    tie('predicate').map((x) => x.not()),
  ),
}))

const rows = fc.array(
  fc.tuple(
    fc.option(small),
    fc.option(small.map((n) => BigInt(n) * 50n)),
    fc.option(words),
    fc.option(fc.oneof(small, fc.constant(NaN))),
  ),
  { minLength: 1, maxLength: 6 },
)

/** As a writer gives them: NaN left out, a text's bounds cut after one character. */
function boundsOf(values: readonly Value[], column: number): ColumnBounds {
  const { type } = input.fields[column]!
  const present = values.filter((v) => v !== null && v === v).sort((a, b) => valuesCompare(type, a, b))
  const [min = null, max = null] = [present[0], present[present.length - 1]]
  const nullCount = values.filter((v) => v === null).length
  if (typeof max !== 'string' || typeof min !== 'string') return { min, max, nullCount }
  const cut = Array.from(max)
  return { min: Array.from(min)[0] ?? '', max: cut.length > 1 ? `${cut[0]}\u{10ffff}` : max, nullCount }
}

describe('PruningPredicate (E-24)', () => {
  it('never drops a row that matches', () => {
    fc.assert(
      fc.property(predicate, rows, fc.boolean(), (expression, data, unknown) => {
        const bound = bind(expression.node, input)
        const bounds = input.fields.map((_, i) =>
          boundsOf(
            data.map((row) => row[i] ?? null),
            i,
          ),
        )
        const kept = createPruningPredicate([bound]).mayMatch({
          rowCount: unknown ? null : data.length,
          column: (i) => (unknown && i === 0 ? null : bounds[i]!),
        })
        if (data.some((row) => interpret(bound, row) === true)) expect(kept).toBe(true)
      }),
      { numRuns: 5000 },
    )
  })

  it('drops what cannot match', () => {
    const drops = (expression: Expr): boolean =>
      !createPruningPredicate([bind(expression.node, input)]).mayMatch({
        rowCount: 10,
        column: (i) =>
          [
            { min: 1, max: 5, nullCount: 0 },
            { min: 100n, max: 500n, nullCount: 10 },
            { min: 'b', max: 'bz', nullCount: 1 },
            null,
          ][i] ?? null,
      })
    expect(drops(col('i').gt(5))).toBe(true)
    expect(drops(col('i').ge(5))).toBe(false)
    expect(drops(col('i').eq(0).or(col('i').eq(6)))).toBe(true)
    expect(drops(col('i').isNull())).toBe(true)
    expect(drops(col('d').eq(2))).toBe(true)
    expect(drops(col('t').like('c%'))).toBe(true)
    expect(drops(col('t').like('b%'))).toBe(false)
    expect(drops(col('i').in_([7, 8]))).toBe(true)
    expect(drops(col('i').between(2, 3).not())).toBe(false)
    expect(drops(fn.abs(col('i')).gt(100))).toBe(false)
  })
})
