import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Arena, batchFromRows, Heap } from '@deltaworks/columnar'
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
  type Schema,
  type Value,
} from '@deltaworks/schema'
import { exportTables } from '../export-tables.js'
import { formatPlan } from '../format-plan.js'
import { planExport } from '../plan-export.js'
import type { WarehouseTable } from '../warehouse-table.js'
import { duckDbDriver } from './duckdb-driver.js'
import { duckDbTarget, type DuckDbTarget } from './duckdb-target.js'

let folder: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'deltaworks-warehouse-'))
  await sql(`
    copy (select 1::bigint as key, 12.50::decimal(12,2) as amount, 'ä' as name, date '2003-02-24' as day
          union all select 2, -3.25, null, date '2004-01-01') to '${folder}/a.parquet' (format parquet);
    copy (select 3::bigint as key, 7.00::decimal(12,2) as amount, 'c' as name, date '2005-05-05' as day) to '${folder}/b.parquet' (format parquet)`)
})
afterAll(() => rmSync(folder, { recursive: true }))

async function sql(text: string, path = ':memory:'): Promise<unknown[][]> {
  const instance = await duckDbDriver().DuckDBInstance.create(path)
  const connection = await instance.connect()
  try {
    return (await connection.runAndReadAll(text)).getRowsJson() as unknown[][]
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

const factSchema = schema([
  field('key', int64, false),
  field('amount', decimal(12, 2)),
  field('name', string),
  field('day', date),
  field('month', string),
])

const fact = (changes: Partial<WarehouseTable> = {}): WarehouseTable => ({
  name: 'fact',
  schema: factSchema,
  identity: 'table-1',
  deltaVersion: 3,
  source: {
    kind: 'parquet',
    files: [
      { location: join(folder, 'a.parquet'), sizeBytes: 1, constants: { month: '2003-02' } },
      { location: pathToFileURL(join(folder, 'b.parquet')).href, sizeBytes: 1, constants: { month: null } },
    ],
    physicalNames: null,
  },
  expected: {
    rowCount: 3,
    columns: {
      key: { nullCount: 0, sum: 6n, min: 1n, max: 3n },
      amount: { nullCount: 0, sum: 1625n, min: -325n, max: 1250n },
      name: { nullCount: 1, min: 'c', max: 'ä' },
      day: { nullCount: 0, min: 12107, max: 12908 },
      month: { nullCount: 1 },
    },
  },
  primaryKey: ['key'],
  foreignKeys: [{ columns: ['name'], table: 'dim', references: ['name'] }],
  comment: "The shop's facts",
  aliases: ['sales'],
  ...changes,
})

const dim = (): WarehouseTable =>
  fact({ name: 'dim', identity: 'table-2', foreignKeys: [], aliases: [], expected: null })
const run = { loadId: 'load-1', nowMs: 1_700_000_000_000 }

async function withTarget<T>(path: string, work: (target: DuckDbTarget) => Promise<T>): Promise<T> {
  const target = duckDbTarget(path)
  try {
    return await work(target)
  } finally {
    await target.close()
  }
}

describe('an export into DuckDB', () => {
  it('W-26: loads Parquet files with their partition values, under all names', async () => {
    const path = join(folder, 'first', 'warehouse.duckdb')
    const result = await withTarget(path, (target) => exportTables(target, [fact(), dim()], run))
    expect(result.rowsLoaded).toBe(6)
    expect(result.tables.map(({ table, status, rowCount }) => [table, status, rowCount])).toEqual([
      ['fact', 'loaded', 3],
      ['dim', 'loaded', 3],
    ])
    expect(await sql('select key, amount, name, day, month from sales order by key', path)).toEqual([
      ['1', '12.50', 'ä', '2003-02-24', '2003-02'],
      ['2', '-3.25', null, '2004-01-01', '2003-02'],
      ['3', '7.00', 'c', '2005-05-05', null],
    ])
    const [[comment]] = (await sql(`select comment from duckdb_tables() where table_name = 'fact'`, path)) as [[string]]
    expect(comment).toBe("The shop's facts Primary key: key. name refers to dim(name).")
  })

  it('W-20: compares counts, nulls, sums and bounds with the lake', async () => {
    const result = await withTarget(':memory:', (target) => exportTables(target, [fact()], run))
    const { reconciliation } = result.tables[0]!
    expect(reconciliation!.equal).toBe(true)
    expect(reconciliation!.comparisons).toHaveLength(16)
    expect(reconciliation!.comparisons).toContainEqual({
      column: 'amount',
      total: 'sum',
      lake: '16.25',
      warehouse: '16.25',
      equal: true,
    })
  })

  it('W-20: a total that differs rolls everything back and names itself', async () => {
    const path = join(folder, 'mismatch.duckdb')
    await withTarget(path, (target) => exportTables(target, [dim()], run))
    const wrong = fact({ expected: { rowCount: 3, columns: { amount: { sum: 1626n } } } })
    await withTarget(path, async (target) => {
      await expect(
        exportTables(target, [dim(), wrong], { ...run, force: true, loadId: 'load-2' }),
      ).rejects.toMatchObject({
        code: 'DW-WAREHOUSE-0003',
        details: { table: 'fact', column: 'amount', expected: '16.26', actual: '16.25' },
      })
    })
    expect(await sql('select table_name from duckdb_tables() order by 1', path)).toEqual([
      ['deltaworks_exports'],
      ['deltaworks_loads'],
      ['dim'],
    ])
    expect(await sql('select load_id from deltaworks_loads', path)).toEqual([['load-1']])
  })

  it('W-19: a second run with unchanged versions loads nothing', async () => {
    const path = join(folder, 'twice.duckdb')
    await withTarget(path, (target) => exportTables(target, [fact(), dim()], run))
    const again = await withTarget(path, (target) =>
      exportTables(target, [fact(), dim()], { ...run, loadId: 'load-2' }),
    )
    expect(again.rowsLoaded).toBe(0)
    expect(again.tables.map((table) => table.status)).toEqual(['unchanged', 'unchanged'])
    expect(again.tables.map((table) => table.rowCount)).toEqual([3, 3])
    expect(await sql('select count(*) from deltaworks_loads', path)).toEqual([['2']])
  })

  it('W-19: a new version, another table or another definition is loaded again', async () => {
    const path = join(folder, 'changed.duckdb')
    await withTarget(path, (target) => exportTables(target, [fact()], run))
    for (const change of [{ deltaVersion: 4 }, { identity: 'another' }, { comment: 'said anew' }]) {
      const plan = await withTarget(path, (target) => planExport(target, [fact(change)]))
      expect(plan.loads).toHaveLength(1)
    }
  })

  it('W-25: a dry run prints the statements and makes no file', async () => {
    const path = join(folder, 'dry', 'none.duckdb')
    const plan = await withTarget(path, (target) => planExport(target, [fact(), dim()]))
    expect(existsSync(path)).toBe(false)
    expect(plan.loads.map(({ table }) => table.name)).toEqual(['dim', 'fact'])
    const printed = formatPlan(plan)
    expect(printed).toContain('CREATE OR REPLACE TABLE "fact" (\n  "key" BIGINT NOT NULL,\n  "amount" DECIMAL(12,2),')
    expect(printed).toContain('CREATE VIEW "sales" AS SELECT * FROM "fact";')
    expect(printed).toMatch(/INSERT INTO "fact"\n {2}SELECT f\."key", f\."amount", f\."name", f\."day", c\."month"/)
  })

  it('W-22: a load that fails leaves the warehouse as it was', async () => {
    const path = join(folder, 'failed.duckdb')
    await withTarget(path, (target) => exportTables(target, [dim()], run))
    const broken = fact({
      source: {
        kind: 'parquet',
        files: [{ location: join(folder, 'gone.parquet'), sizeBytes: 1, constants: {} }],
        physicalNames: null,
      },
    })
    await withTarget(path, async (target) => {
      await expect(exportTables(target, [broken], run)).rejects.toMatchObject({
        code: 'DW-WAREHOUSE-0002',
        details: { table: 'fact' },
      })
      expect((await target.loaded()).size).toBe(1)
    })
  })

  it('a file that is no DuckDB file is a clear error', async () => {
    const path = join(folder, 'text.duckdb')
    writeFileSync(path, 'not a database '.repeat(1000))
    await withTarget(path, async (target) => {
      await expect(exportTables(target, [dim()], run)).rejects.toMatchObject({ code: 'DW-WAREHOUSE-0001' })
    })
  })

  it('two tables of one name are refused before anything is written', async () => {
    await withTarget(':memory:', async (target) => {
      await expect(planExport(target, [fact(), { ...dim(), name: 'SALES' }])).rejects.toMatchObject({
        code: 'DW-WAREHOUSE-0005',
      })
    })
  })
})

describe('rows in batches', () => {
  const everyType: Schema = schema([
    field('a', int16),
    field('b', int32),
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
  ])
  const rows: Value[][] = [
    [
      -5,
      7,
      9_007_199_254_740_993n,
      -123_456_789_012_345_678_901_234n,
      'täxt',
      new Uint8Array([1, 255]),
      12_107,
      1_700_000_000_123_456n,
      -1n,
      true,
      1.5,
      [1, null, 3],
      [1, 'y'],
      [['k', 5n]],
    ],
    everyType.fields.map(() => null),
  ]

  it('W-23: every type arrives as it is', async () => {
    const path = join(folder, 'types.duckdb')
    const heap = new Heap(64 * 1024 * 1024)
    const table: WarehouseTable = {
      ...dim(),
      primaryKey: [],
      name: 'types',
      schema: everyType,
      source: {
        kind: 'batches',
        heap,
        batches: async function* () {
          yield batchFromRows(new Arena(heap), everyType, rows)
        },
      },
      expected: {
        rowCount: 2,
        columns: {
          c: { sum: 9_007_199_254_740_993n },
          h: { max: 1_700_000_000_123_456n, nullCount: 1 },
          d: { min: -123_456_789_012_345_678_901_234n },
        },
      },
    }
    const result = await withTarget(path, (target) => exportTables(target, [table], run))
    expect(result.rowsLoaded).toBe(2)
    expect(await sql(`select * replace (hex(f) as f, epoch_us(h) as h) from types`, path)).toEqual([
      [
        -5,
        7,
        '9007199254740993',
        '-12345678901234567890.1234',
        'täxt',
        '01FF',
        '2003-02-24',
        '1700000000123456',
        '1969-12-31 23:59:59.999999',
        true,
        1.5,
        [1, null, 3],
        { x: 1, y: 'y' },
        [{ key: 'k', value: '5' }],
      ],
      everyType.fields.map(() => null),
    ])
  })

  it('more rows than a chunk holds', async () => {
    const heap = new Heap(64 * 1024 * 1024)
    const numbers = schema([field('n', int32)])
    const table: WarehouseTable = {
      ...dim(),
      primaryKey: [],
      schema: numbers,
      source: {
        kind: 'batches',
        heap,
        batches: async function* () {
          const arena = new Arena(heap)
          yield batchFromRows(
            arena,
            numbers,
            Array.from({ length: 5000 }, (_, i) => [i]),
          )
          yield batchFromRows(arena, numbers, [])
          yield batchFromRows(arena, numbers, [[5000]])
        },
      },
      expected: { rowCount: 5001, columns: { n: { sum: 12_502_500n, max: 5000 } } },
    }
    const result = await withTarget(':memory:', (target) => exportTables(target, [table], run))
    expect(result.tables[0]!.reconciliation!.equal).toBe(true)
  })
})
