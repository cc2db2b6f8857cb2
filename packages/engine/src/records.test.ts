import { agg, fn, when } from '@deltaworks/expression'
import { values } from '@deltaworks/plan'
import { date, decimal, field, int32, schema, string } from '@deltaworks/schema'
import type { DateValue, DecimalValue, IntegerValue } from '@deltaworks/schema'
import { Session } from './session.js'

interface Line {
  readonly city: string | null
  readonly quantity: IntegerValue
  readonly price: DecimalValue
  readonly day: DateValue | null
}
const lines = values<Line>(
  schema([
    field('city', string),
    field('quantity', int32, false),
    field('price', decimal(12, 2), false),
    field('day', date),
  ]),
  [
    ['Rome', 2, 1250n, 12_000],
    ['Rome', 1, 300n, null],
    [null, 5, 100n, 12_001],
  ],
)

describe('E-22: rows as objects of the type that their frame says', () => {
  const session = Session.create({ threads: 1 })
  afterAll(() => session.close())

  it('gives each value under its name', async () => {
    const rows = await session.records(
      lines
        .withColumn('cost', (c) => c.price.mul(c.quantity))
        .filter((c) => c.day.isNull().or(c.day.ge('2002-11-09')))
        .groupBy('city')
        .agg((c) => ({ n: agg.count(), cost: agg.sum(c.cost), last: agg.max(c.day) }))
        .orderBy('city'),
    )
    expect(rows).toEqual([
      { city: null, n: 1n, cost: 500n, last: 12_001 },
      { city: 'Rome', n: 2n, cost: 2800n, last: 12_000 },
    ])
    const [first] = rows
    const [n, cost, city]: [bigint, bigint | null, string | null] = [first!.n, first!.cost, first!.city]
    // @ts-expect-error: a sum may be null
    const never: bigint = first!.cost
    // @ts-expect-error: there is no such column
    const missing: unknown = first!.quantity
    expect([n, cost, city, never, missing]).toEqual([1n, 500n, null, 500n, undefined])
  })

  it('of joins by a condition of both sides', async () => {
    const places = values<{ name: string; country: string }>(
      schema([field('name', string, false), field('country', string, false)]),
      [
        ['Rome', 'Italy'],
        ['Oslo', 'Norway'],
      ],
    )
    const joined = lines
      .join(places, (line, place) => line.city.eq(place.name).and(line.quantity.gt(1)), 'right')
      .select('name', 'quantity')
      .orderBy('name')
    const found: readonly { name: string; quantity: number | null }[] = await session.records(joined)
    expect(found).toEqual([
      { name: 'Oslo', quantity: null },
      { name: 'Rome', quantity: 2 },
    ])
  })

  it('of functions and choices', async () => {
    const told: { size: string; month: number | null }[] = await session.records(
      lines.select(
        when(lines.col('quantity').ge(5), 'large').otherwise('small').as('size'),
        fn.month(lines.col('day')).as('month'),
      ),
    )
    expect(told).toEqual([
      { size: 'small', month: 11 },
      { size: 'small', month: null },
      { size: 'large', month: 11 },
    ])
  })

  it('refuses two columns of one name', async () => {
    const twice = lines.join(lines, (a, b) => a.quantity.eq(b.quantity))
    await expect(session.records(twice)).rejects.toMatchObject({ code: 'DW-ENGINE-0012', fault: 'usage' })
  })
})
