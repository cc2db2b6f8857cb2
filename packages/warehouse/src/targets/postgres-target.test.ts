import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { Arena, batchFromRows, Heap, type RecordBatch } from '@deltaworks/columnar'
import {
  binary,
  boolean,
  date,
  decimal,
  field,
  float64,
  int16,
  int32,
  int64,
  list,
  map,
  schema,
  string,
  struct,
  timestamp,
  timestampNtz,
  variant,
  type Schema,
  type Value,
} from '@deltaworks/schema'
import { exportTables } from '../export-tables.js'
import { formatPlan } from '../format-plan.js'
import { planExport } from '../plan-export.js'
import { PgliteConnection } from '../testing/pglite-connection.js'
import { lakeTable, rowsOf } from '../testing/lake-table.js'
import type { WarehouseTable } from '../warehouse-table.js'
import { postgresTargetOver } from './postgres-target.js'

let server: PgliteConnection
beforeAll(async () => {
  server = await PgliteConnection.open()
})
afterAll(() => server.shutDown())
beforeEach(() => server.run('DROP SCHEMA public CASCADE; CREATE SCHEMA public'))

const sales = schema([
  field('id', int64, false),
  field('customer', string),
  field('amount', decimal(12, 2), false),
  field('month', string),
])
const at = (
  version: number,
  rows: readonly Value[][],
  changes: Partial<WarehouseTable> = {},
): Promise<WarehouseTable> =>
  lakeTable('sales', sales, version, rows, {
    primaryKey: ['id'],
    partitionBy: ['month'],
    aliases: ['orders'],
    ...changes,
  })
const first: Value[][] = [
  [1n, 'Ängström', 1250n, '2003-02'],
  [2n, "O'Hara\\ \t\n", -325n, '2003-02'],
  [3n, null, 700n, '2003-03'],
]
const run = (loadId: string) => ({ loadId, nowMs: 1_700_000_000_000 })
const target = () => postgresTargetOver(server)
const rows = async (sql = 'SELECT * FROM sales ORDER BY id') => (await server.query(sql)).map((row) => row.join('|'))

describe('an export into PostgreSQL', () => {
  it('W-26 W-06: the first load, and a whole one that takes its place, views too', async () => {
    const loaded = await exportTables(target(), [await at(1, first)], run('a'))
    expect(loaded.tables).toMatchObject([{ table: 'sales', status: 'loaded', mode: 'full', rowCount: 3 }])
    expect(loaded.tables[0]!.reconciliation).toMatchObject({ equal: true })
    expect(await rows('SELECT * FROM orders ORDER BY id')).toEqual([
      '1|Ängström|12.50|2003-02',
      "2|O'Hara\\ \t\n|-3.25|2003-02",
      '3||7.00|2003-03',
    ])
    await exportTables(target(), [await at(2, first.slice(1))], { ...run('b'), mode: 'full' })
    expect(await rows('SELECT id FROM orders ORDER BY id')).toEqual(['2', '3'])
    expect(
      await rows(`SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1`),
    ).toEqual(['deltaworks_exports', 'deltaworks_loads', 'orders', 'sales'])
  })

  it('W-19: a second export of the same version loads nothing', async () => {
    await exportTables(target(), [await at(1, first)], run('a'))
    const again = await exportTables(target(), [await at(1, first)], run('b'))
    expect(again).toMatchObject({ rowsLoaded: 0, tables: [{ status: 'unchanged', rowCount: 3 }] })
    expect(await rows('SELECT load_id FROM deltaworks_loads')).toEqual(['a'])
  })

  it.each(['replace', 'merge'] as const)(
    'W-21 W-06: changes are inserted, updated and deleted by key (%s)',
    async (upsert) => {
      const layout = { upsert }
      await exportTables(target(), [await at(1, first, { layout })], run('a'))
      const second: Value[][] = [first[0]!, [2n, 'new', 1n, '2003-04'], [4n, 'four', 4n, '2003-04']]
      const changes = async () => ({
        upserts: rowsOf(sales, second.slice(1)),
        deletes: rowsOf(schema([sales.fields[0]!]), [[3n]]),
        insertsOnly: false,
      })
      const next = await at(2, second, { changes, layout })
      const text = formatPlan(await planExport(target(), [next]))
      expect(/^MERGE INTO "sales" USING/m.test(text)).toBe(upsert === 'merge')
      const result = await exportTables(target(), [next], run('b'))
      expect(result.tables).toMatchObject([{ mode: 'incremental', rowCount: 3, reconciliation: { equal: true } }])
      expect(await rows()).toEqual(['1|Ängström|12.50|2003-02', '2|new|0.01|2003-04', '4|four|0.04|2003-04'])
    },
  )

  it('W-06: appending takes new rows only, and refuses to miss changes', async () => {
    await exportTables(target(), [await at(1, first)], run('a'))
    const more: Value[] = [9n, 'nine', 9n, '2003-09']
    const inserted = { upserts: rowsOf(sales, [more]), deletes: null, insertsOnly: true }
    const appended = await at(2, [...first, more], { changes: () => Promise.resolve(inserted) })
    expect(await exportTables(target(), [appended], { ...run('b'), mode: 'append' })).toMatchObject({
      tables: [{ mode: 'append', rowCount: 4 }],
    })
    const changed = await at(3, first, { changes: () => Promise.resolve({ ...inserted, insertsOnly: false }) })
    await expect(exportTables(target(), [changed], { ...run('c'), mode: 'append' })).rejects.toMatchObject({
      code: 'DW-WAREHOUSE-0010',
    })
  })

  it('W-06: merging keeps what the lake no longer has', async () => {
    await exportTables(target(), [await at(1, first)], run('a'))
    await exportTables(target(), [await at(2, [[1n, 'one', 1n, 'm']])], { ...run('b'), mode: 'merge' })
    expect(await rows('SELECT id, customer FROM sales ORDER BY id')).toEqual(['1|one', "2|O'Hara\\ \t\n", '3|'])
  })

  it('W-20: a difference rolls back and names columns, partitions and keys', async () => {
    await exportTables(target(), [await at(1, first)], run('a'))
    // Each column has the values that it should have: only the checksum of whole rows sees that two have changed places.
    const sent: Value[][] = [
      [1n, 'a', 100n, 'x'],
      [2n, 'b', 300n, 'x'],
      [3n, 'c', 5n, 'y'],
    ]
    const meant: Value[][] = [
      [1n, 'a', 300n, 'x'],
      [2n, 'b', 100n, 'x'],
      [3n, 'c', 5n, 'y'],
    ]
    const table = await at(2, meant, { source: rowsOf(sales, sent) })
    await expect(exportTables(target(), [table], { ...run('b'), mode: 'full' })).rejects.toMatchObject({
      code: 'DW-WAREHOUSE-0003',
      details: {
        column: null,
        total: 'the checksum of whole rows',
        columns: ['amount'],
        partitions: ['month=x'],
        keys: expect.arrayContaining(['1 (other values)', '2 (other values)']),
      },
    })
    expect(await rows('SELECT customer FROM sales ORDER BY id')).toEqual(['Ängström', "O'Hara\\ \t\n", ''])
    expect(await rows('SELECT load_id FROM deltaworks_loads')).toEqual(['a'])
  })

  it('W-20: keys that one side has not', async () => {
    const table = await at(1, first, { source: rowsOf(sales, [...first.slice(1), [7n, 'x', 1n, 'z']]) })
    await expect(exportTables(target(), [table], run('a'))).rejects.toMatchObject({
      details: { keys: expect.arrayContaining(['1 (missing in the warehouse)', '7 (only in the warehouse)']) },
    })
  })

  it('W-11: a new column is added where the table stays', async () => {
    await exportTables(target(), [await at(1, first)], run('a'))
    const wider = schema([...sales.fields, field('note', string)])
    const old = first.map((row) => [...row, null])
    const added: Value[] = [8n, 'eight', 8n, 'm', 'note']
    const changes = () => Promise.resolve({ upserts: rowsOf(wider, [added]), deletes: null, insertsOnly: true })
    const table = await lakeTable('sales', wider, 2, [...old, added], {
      primaryKey: ['id'],
      aliases: ['orders'],
      changes,
    })
    const result = await exportTables(target(), [table], { ...run('b'), mode: 'incremental' })
    expect(result.tables).toMatchObject([{ mode: 'incremental', reconciliation: { equal: true } }])
    expect(await rows('SELECT id, note FROM sales WHERE note IS NOT NULL')).toEqual(['8|note'])
  })

  it('W-06: a view of someone else’s keeps the table from being replaced, and everything stays', async () => {
    await exportTables(target(), [await at(1, first)], run('a'))
    await server.run('CREATE VIEW theirs AS SELECT id FROM sales')
    await expect(exportTables(target(), [await at(2, first.slice(2))], { ...run('b'), mode: 'full' })).rejects.toThrow(
      /depend/,
    )
    expect(await rows('SELECT count(*) FROM theirs')).toEqual(['3'])
  })

  it('W-07: actions run in the transaction, and fail it', async () => {
    await server.run('CREATE TABLE audit (n BIGINT)')
    const layout = { postActions: ['INSERT INTO audit SELECT count(*) FROM {table}'] }
    await exportTables(target(), [await at(1, first, { layout })], run('a'))
    expect(await rows('SELECT n FROM audit')).toEqual(['3'])
    const failing = { postActions: ['INSERT INTO audit VALUES (1)', 'SELECT 1 / 0'] }
    await expect(exportTables(target(), [await at(2, first, { layout: failing })], run('b'))).rejects.toThrow(
      /division by zero/,
    )
    expect(await rows('SELECT n FROM audit')).toEqual(['3'])
  })

  it('W-22: an export that planned before another one published plans anew', async () => {
    const slow = target()
    let overtaken = false
    const table = await at(1, first)
    const watched: WarehouseTable = {
      ...table,
      rows: () => table.rows!(),
      // The plan is made; another export publishes before this one has its turn.
      lake: {
        ...table.lake!,
        totals: async (wanted) => {
          if (!overtaken) {
            overtaken = true
            await exportTables(target(), [await at(1, first)], run('other'))
          }
          return table.lake!.totals(wanted)
        },
        groups: table.lake!.groups,
        bucketRows: table.lake!.bucketRows,
      },
    }
    const result = await exportTables(slow, [watched], run('slow'))
    expect(result).toMatchObject({ rowsLoaded: 0, tables: [{ status: 'unchanged' }] })
    expect(await rows('SELECT load_id FROM deltaworks_loads')).toEqual(['other'])
  })

  it('W-25: a dry run prints the whole SQL, and writes nothing', async () => {
    const printed = formatPlan(await planExport(target(), [await at(1, first)]))
    expect(printed).toContain('COPY "sales__dw_load" ("id", "customer", "amount", "month") FROM STDIN; -- all rows')
    expect(printed).toMatch(
      /BEGIN TRANSACTION;[^]*ALTER TABLE "sales__dw_load" RENAME TO "sales";[^]*COMMIT;\nANALYZE "sales";/,
    )
    expect(await rows(`SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'`)).toEqual([])
  })
})

describe('values', () => {
  const everyType: Schema = schema([
    field('id', int32, false),
    field('a', int16),
    field('c', int64),
    field('d', decimal(38, 4)),
    field('e', string),
    field('f', binary),
    field('g', date),
    field('h', timestamp),
    field('i', timestampNtz),
    field('j', boolean),
    field('k', float64),
    field('l', list(int32)),
    field('m', struct([field('x', int32), field('y', string)])),
    field('n', map(string, int64)),
    field('o', variant),
  ])
  const values: Value[][] = [
    [
      1,
      -5,
      9_007_199_254_740_993n,
      -123_456_789_012_345_678_901_234n,
      't\\N\täxt\r\n',
      new Uint8Array([1, 255]),
      12_107,
      1_700_000_000_123_456n,
      -1n,
      true,
      1.5,
      [1, null, 3],
      [1, 'y"'],
      [['k', 5n]],
      '{"a":[1,2]}',
    ],
    [2, ...everyType.fields.slice(1).map(() => null)],
    [
      3,
      32_767,
      -9_223_372_036_854_775_808n,
      10n ** 38n - 1n,
      '',
      new Uint8Array(),
      -25_567,
      -1n,
      4_102_444_800_000_000n,
      false,
      -0.1,
      [],
      [null, null],
      [],
      'null',
    ],
  ]

  it('W-23: every type arrives as it is, and its checksum agrees', async () => {
    const table = await lakeTable('types', everyType, 1, values, { primaryKey: ['id'] })
    const result = await exportTables(postgresTargetOver(server), [table], run('a'))
    expect(result.tables[0]!.reconciliation!.comparisons.filter(({ total }) => total === 'checksum')).toHaveLength(10)
    expect(
      await rows(
        `SELECT c, d, e, encode(f, 'hex'), g, h AT TIME ZONE 'UTC', i, j, k, l, m, n, o FROM types WHERE id = 1`,
      ),
    ).toEqual([
      '9007199254740993|-12345678901234567890.1234|t\\N\täxt\r\n|01ff|2003-02-24|2023-11-14 22:13:20.123456|1969-12-31 23:59:59.999999|t|1.5|[1, null, 3]|{"x": 1, "y": "y\\""}|{"k": 5}|{"a": [1, 2]}',
    ])
    expect(await rows('SELECT count(*) FROM types WHERE c IS NULL AND o IS NULL')).toEqual(['1'])
  })

  it('more rows than a piece holds', async () => {
    const wide = schema([field('id', int32, false), field('t', string)])
    const heap = new Heap(256 * 1024 * 1024)
    const batches = async function* (): AsyncGenerator<RecordBatch> {
      for (let batch = 0; batch < 5; batch++) {
        const arena = new Arena(heap)
        yield batchFromRows(
          arena,
          wide,
          Array.from({ length: 4000 }, (_, i) => [batch * 4000 + i, 'x'.repeat(i % 50)]),
        )
        arena.close()
      }
    }
    const table: WarehouseTable = {
      name: 'many',
      schema: wide,
      identity: 'many',
      deltaVersion: 1,
      primaryKey: ['id'],
      foreignKeys: [],
      comment: null,
      aliases: [],
      source: { kind: 'batches', heap, batches },
      expected: { rowCount: 20_000, columns: { id: { sum: 199_990_000n, max: 19_999 } } },
    }
    expect(await exportTables(postgresTargetOver(server), [table], run('a'))).toMatchObject({ rowsLoaded: 20_000 })
  })
})
