import { agg, col, fn, grouping, lit, win } from '@deltaworks/expression'
import { decimal, field, int32, int64, schema, string, typeName } from '@deltaworks/schema'
import type { DataFrame } from './data-frame.js'
import { scan, values } from './frame-source.js'
import { interpretPlan } from './interpret-plan.js'
import type { LogicalPlan } from './logical-plan.js'
import { memoryTable, segmentTable } from './memory-table.js'
import { optimize } from './optimizer/optimize.js'
import { planHash } from './plan-hash.js'
import { planToJson } from './explain.js'

interface Order {
  readonly id: bigint
  readonly customer: bigint
  readonly amount: bigint
}
const orders = scan<Order>(
  memoryTable(
    schema([field('id', int64, false), field('customer', int64), field('amount', decimal(12, 2))]),
    [
      [1n, 10n, 1250n],
      [2n, 10n, 300n],
      [3n, 20n, null],
    ],
    { name: 'orders' },
  ),
)
const customers = scan(
  memoryTable(
    schema([field('customer', int32, false), field('name', string)]),
    [
      [10, 'Ada'],
      [30, 'Edsger'],
    ],
    { name: 'customers' },
  ),
)
const rows = (frame: Pick<DataFrame, 'plan'>) => interpretPlan(frame.plan)
const names = (frame: Pick<DataFrame, 'schema'>) => frame.schema.fields.map((f) => f.name).join(' ')
const codeOf = (work: () => unknown): string => {
  try {
    work()
    return 'nothing'
  } catch (error) {
    return (error as { readonly code: string }).code
  }
}

describe('DataFrame', () => {
  it('E-22: a wrong column name is a compile-time error and a named error at run time', () => {
    // @ts-expect-error: there is no such column
    expect(() => orders.col('amuont')).toThrow(/no column "amuont" \(did you mean "amount"\?\)/)
    // @ts-expect-error: it is dropped
    expect(codeOf(() => orders.drop('amount').col('amount'))).toBe('DW-PLAN-0001')
    // @ts-expect-error: it is renamed
    expect(codeOf(() => orders.rename({ amount: 'total' }).col('amount'))).toBe('DW-PLAN-0001')
    expect(orders.rename({ amount: 'total' }).col('total').node.kind).toBe('column')
    expect(orders.withColumn('twice', col('amount').mul(2)).col('twice').node.kind).toBe('column')
    expect(orders.groupBy('customer').agg({ n: agg.count() }).col('n').node.kind).toBe('column')
  })

  it('replaces a column in its place and adds others at the end', () => {
    const frame = orders.withColumns({ customer: lit('x'), extra: col('customer') })
    expect(names(frame)).toBe('id customer amount extra')
    expect(rows(frame)[0]).toEqual([1n, 'x', 1250n, 10n])
  })

  it.each([
    [
      'inner',
      [
        [1n, 10n, 1250n, 'Ada'],
        [2n, 10n, 300n, 'Ada'],
      ],
    ],
    [
      'left',
      [
        [1n, 10n, 1250n, 'Ada'],
        [2n, 10n, 300n, 'Ada'],
        [3n, 20n, null, null],
      ],
    ],
    [
      'right',
      [
        [1n, 10, 1250n, 'Ada'],
        [2n, 10, 300n, 'Ada'],
        [null, 30, null, 'Edsger'],
      ],
    ],
    [
      'full',
      [
        [1n, 10n, 1250n, 'Ada'],
        [2n, 10n, 300n, 'Ada'],
        [3n, 20n, null, null],
        [null, 30n, null, 'Edsger'],
      ],
    ],
    [
      'left_semi',
      [
        [1n, 10n, 1250n],
        [2n, 10n, 300n],
      ],
    ],
    ['left_anti', [[3n, 20n, null]]],
  ] as const)('a %s join by name has the key once', (type, expected) => {
    expect(rows(orders.join(customers, ['customer'], type))).toEqual(expected)
  })

  it('keeps both columns of pairs of different names, and lets aliases tell equal ones apart', () => {
    const renamed = customers.rename({ customer: 'person' })
    expect(names(orders.join(renamed, [{ left: 'customer', right: 'person' }]))).toBe('id customer amount person name')
    const pairs = orders.alias('a').join(
      orders.alias('b'),
      col('a.customer')
        .eq(col('b.customer'))
        .and(col('a.id').lt(col('b.id'))),
    )
    expect(rows(pairs.select(col('a.id'), col('b.id').as('other')))).toEqual([[1n, 2n]])
    // @ts-expect-error: there are two of the name
    expect(codeOf(() => pairs.select('amount'))).toBe('DW-PLAN-0002')
  })

  it('computes with aggregates', () => {
    const frame = orders.groupBy('customer').agg({
      total: agg.sum(col('amount')),
      mean: agg.sum(col('amount')).cast(int64).div(agg.count()).cast(int64),
      large: agg.count().filter(col('amount').gt(5)),
    })
    expect(names(frame)).toBe('customer total mean large')
    expect(rows(frame)).toEqual([
      [10n, 1550n, 7n, 1n],
      [20n, null, null, 0n],
    ])
    expect(rows(orders.groupBy(fn.coalesce(col('customer'), 0).as('c')).count())[0]).toEqual([10n, 2n])
    expect(rows(orders.agg({ n: agg.count() }))).toEqual([[3n]])
  })

  it('distinct, distinctOn, window, orderBy and limit', () => {
    expect(rows(orders.select('customer').distinct())).toEqual([[10n], [20n]])
    expect(rows(orders.distinctOn(['customer'], [col('id').desc()]))).toEqual([
      [2n, 10n, 300n],
      [3n, 20n, null],
    ])
    const placed = orders.window({ place: win.rowNumber().over({ orderBy: [col('amount').desc()] }) })
    expect(rows(placed).map((row) => row[3])).toEqual([1, 2, 3])
    expect(rows(orders.orderBy('amount').select('id'))).toEqual([[3n], [2n], [1n]])
    expect(rows(orders.orderBy(col('amount').desc()).limit(1, 1))).toEqual([[2n, 10n, 300n]])
  })

  it('unites by position with a common type, and by name with nulls for what is missing', () => {
    const united = orders.select('id').union(customers.select('customer'))
    expect(typeName(united.schema.fields[0]!.type)).toBe('bigint')
    expect(rows(united)).toEqual([[1n], [2n], [3n], [10n], [30n]])
    const byName = orders.unionByName(customers, { allowMissing: true })
    expect(names(byName)).toBe('id customer amount name')
    expect(rows(byName)[4]).toEqual([null, 30n, null, 'Edsger'])
    expect(codeOf(() => orders.unionByName(customers))).toBe('DW-PLAN-0003')
    expect(codeOf(() => orders.union(customers))).toBe('DW-PLAN-0003')
  })

  it('names what is wrong', () => {
    expect(codeOf(() => orders.filter(col('id')))).toBe('DW-PLAN-0004')
    expect(codeOf(() => orders.join(customers, []))).toBe('DW-PLAN-0005')
    expect(codeOf(() => orders.select('id', 'id'))).toBe('DW-PLAN-0006')
    expect(codeOf(() => orders.limit(-1))).toBe('DW-PLAN-0007')
    expect(codeOf(() => orders.filter(agg.count().gt(1)))).toBe('DW-PLAN-0009')
    expect(codeOf(() => values(schema([field('a', int32)]), [[1, 2]]))).toBe('DW-PLAN-0010')
  })

  it('plans are data: equal plans have equal hashes, and JSON is exact', () => {
    const plan = () => orders.filter(col('id').gt(lit(9007199254740993n))).plan
    expect(planHash(plan())).toBe(planHash(plan()))
    expect(planHash(plan())).not.toBe(planHash(orders.plan))
    expect(JSON.stringify(planToJson(plan()))).toContain('"$bigint":"9007199254740993"')
    expect(JSON.parse(orders.explain({ format: 'json' }))).toMatchObject({ kind: 'scan', table: { name: 'orders' } })
  })

  it('segment tables know their rows', () => {
    const segment = new SharedArrayBuffer(8)
    const table = segmentTable('kept', schema([field('a', int32)]), [
      { segment, rowCount: 3 },
      { segment, rowCount: 0 },
    ])
    expect(table.statistics.rowCount).toBe(3)
    expect(table.scan({ projection: [0], filters: [], fetch: null })).toMatchObject({ splits: [{ rowCount: 3 }] })
  })

  const t = values<{ k: string; x: number }>(schema([field('k', string), field('x', int32)]), [
    ['a', 1],
    ['a', 3],
    ['b', null],
    ['b', 4],
  ])
  const rowsOf = (frame: { readonly plan: LogicalPlan }) => interpretPlan(optimize(frame.plan))

  it('E-18: an aggregate over a window keeps its filter and its DISTINCT', () => {
    const over = { partitionBy: [col('k')] }
    const frame = t.window({
      large: agg.sum(col('x')).filter(col('x').gt(1)).over(over),
      kinds: agg.countDistinct(col('k')).over(),
      slope: agg.argMax(col('x'), col('x')).filter(col('x').lt(4)).over(),
    })
    expect(rowsOf(frame)).toEqual([
      ['a', 1, 3n, 2n, 3],
      ['a', 3, 3n, 2n, 3],
      ['b', null, 4n, 2n, 3],
      ['b', 4, 4n, 2n, 3],
    ])
  })

  it('E-13: rollup, cube and grouping sets', () => {
    const frame = t.rollup('k').agg({ n: agg.count(), g: grouping(col('k')) })
    expect(rowsOf(frame)).toEqual([
      ['a', 2n, 0],
      ['b', 2n, 0],
      [null, 4n, 1],
    ])
    expect(rowsOf(t.cube('k', 'x').agg({ n: agg.count() }))).toHaveLength(4 + 2 + 4 + 1)
    expect(rowsOf(t.groupingSets([['k'], []]).agg({ s: agg.sum(col('x')) }))).toEqual([
      ['a', 4n],
      ['b', 4n],
      [null, 8n],
    ])
  })

  it('E-10: explode repeats a row for each element', () => {
    const frame = t.filter(col('k').eq('a')).explode('e', fn.array(col('x'), lit(9)), { position: 'p' })
    expect(rowsOf(frame)).toEqual([
      ['a', 1, 1, 1n],
      ['a', 1, 9, 2n],
      ['a', 3, 3, 1n],
      ['a', 3, 9, 2n],
    ])
  })

  it('E-20: intersect, except and sample', () => {
    const k = t.select('k')
    expect(rowsOf(k.intersect(k))).toEqual([['a'], ['b']])
    expect(rowsOf(k.except(k.limit(1), { all: true }))).toEqual([['a'], ['b'], ['b']])
    expect(rowsOf(t.sample(0.5, 3))).toEqual(rowsOf(t.sample(0.5, 3)))
    expect(rowsOf(t.sample(0))).toEqual([])
    expect(rowsOf(t.sample(1))).toHaveLength(4)
  })

  it('E-12: ordered and derived aggregates', () => {
    const frame = t.agg({
      list: agg.collectListOrdered(col('x'), col('x').desc()),
      text: agg.stringAggOrdered(col('k'), '-', col('x').desc()),
      middle: agg.percentileDisc(0.5, col('x')),
      bits: agg.bitOr(col('x')).filter(col('k').eq('b')),
    })
    expect(rowsOf(frame)).toEqual([[[4, 3, 1], 'b-a-a-b', 3, 4]])
  })
})
