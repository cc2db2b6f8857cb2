import { col, lit, win } from '@deltaworks/expression'
import { memoryTable, scan, type DataFrame } from '@deltaworks/plan'
import { date, int32, int64, schema, string, type Value } from '@deltaworks/schema'
import { physicalPlan } from './physical-planner.js'
import { withFirstRows } from './first-rows.js'
import type { ExecutionPlan } from './operators/execution-plan.js'
import { Session } from './session.js'

/** DISTINCT ON beside a plain computation, on one thread and on workers. */

const columns = schema([
  { name: 'row', type: int32, nullable: false },
  { name: 'key', type: string, nullable: true },
  { name: 'day', type: date, nullable: true },
  { name: 'number', type: int64, nullable: true },
  { name: 'text', type: string, nullable: true },
])

type Row = readonly [number, string | null, number | null, bigint | null, string | null]

function randomRows(count: number, keys: number, seed: number): Row[] {
  let state = seed
  const next = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return (state >>> 8) % below
  }
  return Array.from({ length: count }, (_, row) => [
    row,
    next(50) === 0 ? null : `k${next(keys)}`,
    next(20) === 0 ? null : next(30) - 10,
    next(20) === 0 ? null : BigInt(next(5)) - 2n,
    next(20) === 0 ? null : `t${next(9)}`,
  ])
}

interface Order {
  readonly column: 2 | 3 | 4
  readonly descending: boolean
}

/** Nulls first ascending, last descending, as the engine's default is. */
function comesBefore(a: Row, b: Row, order: readonly Order[]): boolean {
  for (const { column, descending } of order) {
    const [x, y] = [a[column], b[column]]
    if (x === y) continue
    const less = x === null ? true : y === null ? false : x < y
    return less !== descending
  }
  return false
}

function expected(rows: readonly Row[], order: readonly Order[]): Row[] {
  const first = new Map<string | null, Row>()
  for (const row of rows) {
    const kept = first.get(row[1])
    if (kept === undefined || comesBefore(row, kept, order)) first.set(row[1], row)
  }
  return [...first.values()].sort((a, b) => a[0] - b[0])
}

const names = ['row', 'key', 'day', 'number', 'text'] as const
const orders: readonly (readonly Order[])[] = [
  [],
  [{ column: 2, descending: false }],
  [{ column: 2, descending: true }],
  [
    { column: 3, descending: true },
    { column: 2, descending: false },
  ],
  [
    { column: 4, descending: false },
    { column: 3, descending: false },
  ],
]

describe('the first row of each group', () => {
  const rows = randomRows(30_000, 900, 7)
  const frame: DataFrame = scan(memoryTable(columns, rows as readonly (readonly Value[])[], { name: 'rows' }))
  const query = (order: readonly Order[]) =>
    frame.distinctOn(
      [col('key')],
      order.map(({ column, descending }) => (descending ? col(names[column]).desc() : col(names[column]).asc())),
    )

  it.each(orders.map((order) => [JSON.stringify(order), order] as const))(
    'E-14: is that of the order %s',
    async (_, order) => {
      const session = Session.create()
      const result = await session.collect(query(order))
      expect([...result.rows].sort((a, b) => (a[0] as number) - (b[0] as number))).toEqual(expected(rows, order))
      await session.close()
    },
  )

  it('E-14: is the same on workers', async () => {
    const session = Session.create({ threads: 2, inlineBytes: 0, morselBytes: 50_000 })
    for (const order of orders) {
      const result = await session.collect(query(order))
      expect([...result.rows].sort((a, b) => (a[0] as number) - (b[0] as number))).toEqual(expected(rows, order))
    }
    await session.close()
  })

  it('E-14: is told by a filter that leaves 1 of row_number()', () => {
    const namesOf = ({ name, inputs }: ExecutionPlan): readonly string[] => [name, ...inputs.flatMap(namesOf)]
    const numbered = frame.window({
      place: win.rowNumber().over({ partitionBy: [col('key')], orderBy: [col('day').asc()] }),
    })
    const uses = (limit: DataFrame): boolean =>
      namesOf(physicalPlan(withFirstRows(limit.plan))).includes('FirstRowsExec')
    expect(uses(numbered.filter(col('place').eq(lit(1))))).toBe(true)
    expect(
      uses(
        numbered.filter(
          col('place')
            .lt(lit(2))
            .and(col('row').gt(lit(5))),
        ),
      ),
    ).toBe(true)
    expect(uses(numbered.filter(col('place').le(lit(2))))).toBe(false)
    expect(uses(numbered.filter(col('place').gt(lit(1))))).toBe(false)
  })
})
