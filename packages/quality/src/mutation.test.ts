import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Session } from '@deltaworks/engine'
import { col } from '@deltaworks/expression'
import { values } from '@deltaworks/plan'
import { date, decimal, field, int32, int64, schema, string, type Value } from '@deltaworks/schema'
import { relativeRateOfChange } from './anomaly-strategy.js'
import { parseDqdl } from './dqdl/parse.js'
import {
  hasMean,
  hasOutlierShare,
  isComplete,
  isContainedIn,
  isEmail,
  isStable,
  isUnique,
  isWithin,
  referentialIntegrity,
  satisfies,
} from './index.js'
import { MemoryMetricsRepository } from './metrics-repository.js'
import type { Rule } from './rule.js'
import { splitRows } from './split-rows.js'
import { noise } from './testing-datasets.js'
import { verify } from './verify.js'

/*
 * Defects of every kind that the rules are for, one at a time, in data that has none: each is found, in its row, by its rule.
 */

let session: Session
beforeAll(() => {
  session = Session.create({ threads: 1 })
})
afterAll(() => session.close())

const columns = schema([
  field('id', int64),
  field('customer', string),
  field('email', string),
  field('country', string),
  field('quantity', int32),
  field('price', decimal(12, 2)),
  field('total', decimal(12, 2)),
  field('day', date),
])
type Row = Value[]
const customers = Array.from({ length: 40 }, (_, i) => `c${i}`)
const references = new Map([
  [
    'customers',
    values(
      schema([field('name', string)]),
      customers.map((name) => [name]),
    ),
  ],
])
const countries = ['NO', 'SE', 'DK']
const rowCount = 120

function cleanRow(i: number, seed: number): Row {
  const customer = Math.floor(noise(i, seed) * customers.length)
  const quantity = 1 + Math.floor(noise(i, seed + 1) * 9)
  const price = BigInt(500 + Math.floor(noise(i, seed + 2) * 4500))
  const address = `${customers[customer]!}.x${i % 7}@shop.example`
  return [
    BigInt(i),
    customers[customer]!,
    address,
    countries[i % 3]!,
    quantity,
    price,
    price * BigInt(quantity),
    20_000 + (i % 30),
  ]
}
const clean = (seed: number): Row[] => Array.from({ length: rowCount }, (_, i) => cleanRow(i, seed))

const rules: readonly Rule[] = [
  isComplete('customer').quarantine(),
  isComplete('day').quarantine(),
  isUnique('id').quarantine(),
  isEmail('email').quarantine(),
  isContainedIn('country', countries).quarantine(),
  isWithin('quantity', { atLeast: 1, atMost: 9 }).quarantine(),
  satisfies('total_is_price_by_quantity', col('total').eq(col('price').mul(col('quantity')))).quarantine(),
  referentialIntegrity('customer', 'customers', 'name').quarantine(),
  hasOutlierShare('price', 0, { factor: 3 }).quarantine(),
  ...parseDqdl('ColumnLength "country" = 2, ColumnValues "day" > "2024-09-01"').map((rule) => rule.quarantine()),
]

interface Defect {
  readonly kind: string
  /** The rule that must find it. */
  readonly rule: string
  apply(row: Row, i: number, rows: readonly Row[]): Row
}
const at = (row: Row, place: number, value: Value): Row => row.with(place, value)

const defects: readonly Defect[] = [
  { kind: 'null', rule: 'complete:customer', apply: (row) => at(row, 1, null) },
  { kind: 'null day', rule: 'complete:day', apply: (row) => at(row, 7, null) },
  { kind: 'duplicate', rule: 'unique:id', apply: (row, i, rows) => at(row, 0, rows[i - 1]![0]!) },
  {
    kind: 'bad e-mail',
    rule: 'email:email',
    apply: (row, i) => at(row, 2, ['no at sign', 'two@@shop.example', 'x@shop', '@shop.example', ''][i % 5]!),
  },
  { kind: 'swapped columns', rule: 'email:email', apply: (row) => at(at(row, 2, row[3]!), 3, row[2]!) },
  { kind: 'wrong country', rule: 'contained:country', apply: (row) => at(row, 3, 'XX') },
  { kind: 'wrong quantity', rule: 'within:quantity', apply: (row, i) => at(row, 4, i % 2 === 0 ? 0 : 77) },
  { kind: 'wrong decimal', rule: 'total_is_price_by_quantity', apply: (row) => at(row, 6, (row[6] as bigint) + 1n) },
  {
    kind: 'shifted decimal point',
    rule: 'total_is_price_by_quantity',
    apply: (row) => at(row, 6, (row[6] as bigint) * 100n),
  },
  { kind: 'orphan', rule: 'references:customers:customer', apply: (row, i) => at(row, 1, `c${100 + i}`) },
  {
    kind: 'outlier',
    rule: 'outliers:price',
    apply: (row) => at(at(row, 5, 900_000n), 6, 900_000n * BigInt(row[4] as number)),
  },
  { kind: 'date from the past', rule: 'values:day', apply: (row) => at(row, 7, 3) },
]

const places = [1, 17, 42, 63, 64, 65, 88, 101, 110, 119]
const seeds = [11, 23, 37, 51]
const cases = defects.flatMap((defect) => places.flatMap((place) => seeds.map((seed) => ({ defect, place, seed }))))

/** Rows that are refused: their places, and the rules that they failed. */
async function refused(rows: readonly Row[]): Promise<ReadonlyMap<number, readonly string[]>> {
  const numbered = values(
    { fields: [...columns.fields, field('place', int32)] },
    rows.map((row, i) => [...row, i]),
  )
  const { bad } = splitRows(numbered, rules, { references, rowOrder: [col('place').asc()] })
  const found = await session.collect(bad.select('place', 'failed_rules').plan)
  return new Map(found.rows.map(([place, ids]) => [Number(place), String(ids).split(', ')]))
}

describe('mutations', () => {
  it('there are 500 seeded defects', () => {
    expect(cases.length + 20).toBeGreaterThanOrEqual(500)
  })

  it.each(defects.map((defect) => [defect.kind, defect] as const))(
    'M-056 to M-062: every %s is found in its row, and no other row is accused',
    async (_, defect) => {
      for (const { place, seed } of cases.filter((of) => of.defect === defect)) {
        const rows = clean(seed)
        rows[place] = defect.apply(rows[place]!, place, rows)
        const found = await refused(rows)
        expect([place, seed, [...found.keys()]]).toEqual([place, seed, [place]])
        expect(found.get(place)).toContain(defect.rule)
      }
    },
  )

  it('M-062: a drifted mean is found by its bounds and by its history', async () => {
    const repository = new MemoryMetricsRepository()
    const mean = hasMean('price', { atLeast: 20, atMost: 35 }).named('mean')
    const stable = isStable(mean, relativeRateOfChange({ minimum: 0.8, maximum: 1.25 })).named('stable')
    const statuses = async (rows: readonly Row[], at: number) => {
      const options = { repository, table: 'orders', nowMicros: BigInt(at) * 1_000_000n }
      return (await verify(session, values(columns, rows), [mean, stable], options)).rules.map(({ status }) => status)
    }
    expect(await statuses(clean(1), 1)).toEqual(['passed', 'passed'])
    for (let seed = 2; seed < 22; seed++) {
      const drifted = clean(seed).map((row) =>
        at(row, 5, (row[5] as bigint) * (seed % 2 === 0 ? 2n : 1n) - (seed % 2 === 0 ? 0n : 1500n)),
      )
      expect([seed, await statuses(drifted, seed * 2)]).toEqual([seed, ['failed', 'failed']])
      expect(await statuses(clean(seed), seed * 2 + 1)).toEqual(['passed', expect.any(String)])
    }
  })

  it('no alarm on 100 clean variants', async () => {
    for (let seed = 100; seed < 200; seed++) expect([seed, (await refused(clean(seed))).size]).toEqual([seed, 0])
  })
})
