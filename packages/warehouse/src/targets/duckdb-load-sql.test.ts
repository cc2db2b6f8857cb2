import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { field, int64, list, schema, string, type Schema } from '@deltaworks/schema'
import { isTransient } from '../errors.js'
import { exportTables } from '../export-tables.js'
import { planExport } from '../plan-export.js'
import type { ParquetSource, WarehouseTable } from '../warehouse-table.js'
import { DuckDbConnection } from './duckdb-connection.js'
import { duckDbTarget } from './duckdb-target.js'

const folder = mkdtempSync(join(tmpdir(), 'deltaworks-duckdb-load-'))
const connection = new DuckDbConnection(':memory:')
afterAll(async () => {
  await connection.close()
  rmSync(folder, { recursive: true })
})

const run = { loadId: 'load-1', nowMs: 0 }

/** Small files of two columns, each with a constant of its own. */
async function files(count: number, sizeBytes = 1): Promise<ParquetSource[]> {
  const made: ParquetSource[] = []
  for (let i = 0; i < count; i++) {
    const location = join(folder, `part-${i}.parquet`)
    await connection.run(
      `COPY (SELECT i::BIGINT AS key, 'n' || i AS name FROM range(${i * 10}, ${i * 10 + 10}) r(i)) TO '${location}' (FORMAT parquet)`,
    )
    made.push({ location, sizeBytes, constants: { month: `m${i}` } })
  }
  return made
}

const tableOf = (columns: Schema, sources: readonly ParquetSource[]): WarehouseTable => ({
  name: 'facts',
  schema: columns,
  identity: 'facts',
  deltaVersion: 1,
  source: { kind: 'parquet', files: sources, physicalNames: null },
  expected: null,
  primaryKey: [],
  foreignKeys: [],
  comment: null,
  aliases: [],
})

const columns = schema([field('key', int64), field('name', string), field('month', string)])

describe('loading Parquet files into DuckDB', () => {
  it('W-26: a statement reads a bounded number of files, and of bytes', async () => {
    const inserts = async (sources: readonly ParquetSource[]) => {
      const { loads } = await planExport(duckDbTarget(':memory:'), [tableOf(columns, sources)])
      return loads[0]!.statements.filter((sql) => sql.startsWith('INSERT'))
    }
    const small = await files(70)
    expect(await inserts(small)).toHaveLength(3)
    expect(await inserts(small.slice(0, 6).map((file) => ({ ...file, sizeBytes: 2 ** 25 })))).toHaveLength(3)
    const path = join(folder, 'many.duckdb')
    const target = duckDbTarget(path, { threads: 1 })
    try {
      expect(await exportTables(target, [tableOf(columns, small)], run)).toMatchObject({ rowsLoaded: 700 })
    } finally {
      await target.close()
    }
    const loaded = new DuckDbConnection(path)
    const told = await loaded.query(
      "SELECT COUNT(*), COUNT(DISTINCT month), SUM(key), COUNT(*) FILTER (month <> 'm' || (key // 10)) FROM facts",
    )
    await loaded.close()
    expect(told).toEqual([['700', '70', '244650', '0']])
  })

  it('W-26: a column that came after all files is null', async () => {
    const later = schema([...columns.fields, field('note', string), field('tags', list(string))])
    const path = join(folder, 'later.duckdb')
    const target = duckDbTarget(path)
    try {
      expect(await exportTables(target, [tableOf(later, await files(2))], run)).toMatchObject({ rowsLoaded: 20 })
      expect(
        await target.probe(tableOf(later, [])).totals({
          columns: [{ column: 'note', type: string, nullCount: true, sum: false, minMax: false, checksum: false }],
          rows: [],
        }),
      ).toMatchObject({ rowCount: 20, columns: { note: { nullCount: 20 } } })
    } finally {
      await target.close()
    }
  })

  it('W-26: DuckDB keeps to its share of the memory, and goes to disk beyond it', async () => {
    const limited = new DuckDbConnection(join(folder, 'limited.duckdb'), { memoryBytes: 96 * 1024 * 1024, threads: 2 })
    try {
      const [[limit]] = (await limited.query(`SELECT current_setting('memory_limit')`)) as [[string]]
      expect(limit).toBe('96.0 MiB')
      // 100 MB of numbers, sorted: more than it may keep.
      await limited.run(
        'CREATE TABLE sorted AS SELECT hash(i) AS h, hash(i + 1) AS g FROM range(6000000) r(i) ORDER BY h',
      )
      expect(await limited.query('SELECT COUNT(*), COUNT(DISTINCT h % 1000) FROM sorted')).toEqual([
        ['6000000', '1000'],
      ])
    } finally {
      await limited.close()
    }
  })

  it('W-26: a table of 200 columns: a share that is too small is told, and nothing is there; with four times as much it is loaded', async () => {
    const wide = Array.from({ length: 200 }, (_, i) => field(`c${i}`, i % 2 === 0 ? int64 : string))
    const location = join(folder, 'wide.parquet')
    const values = wide.map(({ name, type }, i) =>
      type.kind === 'string'
        ? `'text ' || (hash(i + ${i}) % 9999) AS ${name}`
        : `(hash(i + ${i}) >> 3)::BIGINT AS ${name}`,
    )
    const roomy = new DuckDbConnection(':memory:', { memoryBytes: 1024 ** 3 })
    await roomy.run(`COPY (SELECT ${values.join(', ')} FROM range(45000) r(i)) TO '${location}' (FORMAT parquet)`)
    await roomy.close()
    const table = tableOf(schema(wide), [{ location, sizeBytes: 2 ** 26, constants: {} }])
    const path = join(folder, 'wide.duckdb')
    const small = duckDbTarget(path, { memoryBytes: 128 * 1024 * 1024, threads: 2 })
    await expect(exportTables(small, [table], run)).rejects.toMatchObject({ code: 'DW-WAREHOUSE-0023' })
    expect((await small.loaded()).size).toBe(0)
    await small.close()
    const target = duckDbTarget(path, { memoryBytes: 512 * 1024 * 1024, threads: 2 })
    try {
      const told = await exportTables(target, [table], run)
      expect(told).toMatchObject({ rowsLoaded: 45_000 })
    } finally {
      await target.close()
    }
  })

  it('W-26: a load that needs more begins anew with more, unless its share was given', async () => {
    // One value, which cannot go to disk in parts.
    const large = 'CREATE OR REPLACE TABLE large AS SELECT list(i) AS l FROM range(20000000) r(i)'
    const given = new DuckDbConnection(':memory:', { memoryBytes: 128 * 1024 * 1024 })
    await expect(given.run(large)).rejects.toMatchObject({
      code: 'DW-WAREHOUSE-0023',
      message: expect.stringMatching(/needs more than the 128 MiB .* four times as much by --memory/) as string,
    })
    await given.close()
    const other = new DuckDbConnection(':memory:', { threads: 1 })
    try {
      const tries: unknown[] = []
      for (let failed = true; failed && tries.length < 4;) {
        await other.run('BEGIN')
        failed = await other.run(large).then(
          () => false,
          (error: unknown) => tries.push(error) > 0,
        )
        await other.run(failed ? 'ROLLBACK' : 'COMMIT')
      }
      expect(tries.length).toBeGreaterThan(0)
      expect(tries.every(isTransient)).toBe(true)
      expect(await other.query('SELECT len(l) FROM large')).toEqual([['20000000']])
    } finally {
      await other.close()
    }
  })
})
