import { columnFromValues, createContext, Arena, recordBatch, writeSegment } from '@deltaworks/columnar'
import { memoryTable, segmentTable, type MemorySegment, type TableProvider } from '@deltaworks/plan'
import {
  boolean,
  date,
  decimal,
  field,
  float64,
  int32,
  int64,
  schema,
  string,
  type Schema,
  type Value,
} from '@deltaworks/schema'

/** Rows of a test as both a table and what DuckDB needs to have the same one. */
export interface TestTable {
  readonly schema: Schema
  readonly ddl: string
  readonly rows: readonly (readonly Value[])[]
}

/** Numbers that look random and are the same in every run. */
export function randomNumbers(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const regions = ['north', 'south', 'east', 'west', 'Île-de-France', '', 'NA']

/** Orders with nulls, duplicates, ties, orphans and negative amounts; customers and cities to join them with. */
export function testTables(orderCount: number, seed = 7): Readonly<Record<string, TestTable>> {
  const random = randomNumbers(seed)
  const maybe = (value: Value, percent = 10): Value => (random(100) < percent ? null : value)
  const customers = Math.max(4, Math.floor(orderCount / 10))
  return {
    orders: {
      ddl: 'id bigint not null, customer bigint, region varchar, amount decimal(12,2), quantity int, ratio double, day date, paid boolean',
      schema: schema([
        field('id', int64, false),
        field('customer', int64),
        field('region', string),
        field('amount', decimal(12, 2)),
        field('quantity', int32),
        field('ratio', float64),
        field('day', date),
        field('paid', boolean),
      ]),
      rows: Array.from({ length: orderCount }, (_, i) => [
        BigInt(i + 1),
        maybe(BigInt(random(customers * 2))),
        maybe(regions[random(regions.length)]!),
        maybe(BigInt(random(200_000) - 50_000)),
        maybe(random(20)),
        maybe(random(64) / 8),
        maybe(12_000 + random(900)),
        maybe(random(2) === 1),
      ]),
    },
    customers: {
      ddl: 'id bigint not null, name varchar, city varchar',
      schema: schema([field('id', int64, false), field('name', string), field('city', string)]),
      rows: Array.from({ length: customers }, (_, i) => [
        BigInt(i),
        `customer ${i % 17}`,
        maybe(['London', 'New York', 'Paris', 'Oslo'][random(4)]!),
      ]),
    },
    cities: {
      ddl: 'city varchar, country varchar, size int',
      schema: schema([field('city', string), field('country', string), field('size', int32)]),
      rows: [
        ['London', 'UK', 9],
        ['New York', 'US', 8],
        ['Rome', 'IT', 4],
        [null, 'nowhere', null],
      ],
    },
  }
}

export const memoryTables = (tables: Readonly<Record<string, TestTable>>): Record<string, TableProvider> =>
  Object.fromEntries(
    Object.entries(tables).map(([name, { schema: of, rows }]) => [name, memoryTable(of, rows, { name })]),
  )

/** The same tables as segments of a few rows each, so that even small tables have many splits. */
export function segmentTables(
  tables: Readonly<Record<string, TestTable>>,
  segmentRows: number,
): Record<string, TableProvider> {
  const { heap } = createContext()
  const arena = new Arena(heap)
  return Object.fromEntries(
    Object.entries(tables).map(([name, { schema: of, rows }]) => {
      const segments: MemorySegment[] = []
      for (let start = 0; start < rows.length; start += segmentRows) {
        const part = rows.slice(start, start + segmentRows)
        const columns = of.fields.map((f, i) =>
          columnFromValues(
            arena,
            f.type,
            part.map((row) => row[i]!),
          ),
        )
        const batch = recordBatch(of, part.length, columns)
        segments.push({ segment: writeSegment(heap, of, [batch]), rowCount: part.length })
        arena.reset()
      }
      return [name, segmentTable(name, of, segments)]
    }),
  )
}
