import { boolean, int32, schema, string } from '@deltaworks/schema'
import {
  bind,
  col,
  conjuncts,
  expressionFromJson,
  expressionsEqual,
  expressionToJson,
  fn,
  formatExpression,
  lit,
  remapColumns,
  columnsOf,
  simplify,
  when,
  type BoundExpression,
  type Expr,
} from './index.js'

const input = schema([
  { name: 'a', type: int32, nullable: false },
  { name: 'b', type: int32, nullable: true },
  { name: 't', type: string, nullable: true },
  { name: 'p', type: boolean, nullable: true },
])
const bound = (e: Expr): BoundExpression => bind(e.node, input)
const simplified = (e: Expr): string => formatExpression(simplify(bound(e)))

describe('simplify', () => {
  it.each([
    ['constants', lit(1).add(2).lt(col('a')), '3 < a'],
    ['true and x', lit(true).and(col('p')), 'p'],
    ['false and x', lit(false).and(col('p')), 'false'],
    ['x or x', col('p').or(col('p')), 'p'],
    ['not less', col('a').lt(1).not(), 'a >= 1'],
    ['not null column', col('a').isNull(), 'false'],
    ['comparison with null', col('b').eq(null), 'NULL'],
    ['coalesce stops at what is never null', fn.coalesce(col('a'), col('b')), 'a'],
    ['case of constants', when(lit(false), 1).when(lit(true), 2).otherwise(3), '2'],
    ['what fails stays', lit(1).div(0), '1.0 / 0.0'],
    [
      'a failing operand is not lost',
      col('a').div(col('b')).gt(1).and(false),
      'CAST(a AS double) / CAST(b AS double) > 1.0 AND false',
    ],
  ] as const)('%s', (_, expression, expected) => {
    expect(simplified(expression)).toBe(expected)
  })
})

describe('trees', () => {
  it('are taken apart and put together', () => {
    const e = bound(
      col('a')
        .eq(1)
        .and(col('t').eq('x').and(col('p'))),
    )
    expect(conjuncts(e).map(formatExpression)).toEqual(['a = 1', "t = 'x'", 'p'])
    expect(columnsOf(e)).toEqual([0, 2, 3])
    expect(columnsOf(remapColumns(e, (i) => i + 10))).toEqual([10, 12, 13])
  })
  it('survive JSON', () => {
    const e = bound(when(col('a').in_([1, 2]), lit(2n ** 60n)).otherwise(lit(NaN).cast({ kind: 'int64' })))
    const again = expressionFromJson<BoundExpression>(JSON.parse(JSON.stringify(expressionToJson(e))) as never)
    expect(again).toEqual(e)
    expect(expressionsEqual(again, e)).toBe(true)
  })
  it('are written with the brackets that they need', () => {
    expect(
      formatExpression(
        bound(
          col('a')
            .add(1)
            .mul(col('b').sub(col('a').sub(1))),
        ),
      ),
    ).toBe('(a + 1) * (b - (a - 1))')
    expect(formatExpression(bound(col('p').or(col('p')).and(col('p').not())))).toBe('(p OR p) AND NOT p')
  })
})

describe('binding', () => {
  it('names the columns that there are', () => {
    expect(() => bound(col('tt'))).toThrow('There is no column "tt" (did you mean "t"?). Columns: a, b, t, p.')
  })
  it('refuses what does not go together', () => {
    expect(() => bound(col('p').add(1))).toThrow('both sides must be numbers')
    expect(() => bound(fn.lower(col('t'), col('t')))).toThrow('lower(text)')
    expect(() => bound(col('t').as('x').eq(lit(new Uint8Array())))).not.toThrow()
  })
})
