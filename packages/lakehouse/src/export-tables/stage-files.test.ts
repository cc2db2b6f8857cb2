import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DeltaTable } from '@deltaworks/delta-table'
import { Session } from '@deltaworks/engine'
import { col } from '@deltaworks/expression'
import { scan, values } from '@deltaworks/plan'
import { decimal, field, int64, list, string, timestamp, type Schema, type Value } from '@deltaworks/schema'
import { FileStore } from '@deltaworks/storage'
import type { ParquetSink, StagedFile } from '@deltaworks/warehouse'
import { readParquetMetadata } from '@deltaworks/formats'
import { DuckDBInstance } from '@duckdb/node-api'
import { stageFiles } from './stage-files.js'

const folder = mkdtempSync(join(tmpdir(), 'deltaworks-stage-'))
const session = Session.create({ threads: 1 })
const store = new FileStore(folder)
afterAll(async () => {
  await session.close()
  rmSync(folder, { recursive: true })
})

const schema: Schema = {
  fields: [
    field('id', int64, false),
    field('month', string),
    field('name', string),
    field('price', decimal(12, 2)),
    field('at', timestamp, false),
  ],
}
const rowsOf = (first: number, count: number): Value[][] =>
  Array.from({ length: count }, (_, n) => {
    const i = first + n
    const month = i % 3 === 0 ? null : `2024-0${1 + (i % 2)}`
    return [
      BigInt(i),
      month,
      i % 5 === 0 ? null : `name ${i % 50}`,
      BigInt((i * 7919) % 100_000),
      BigInt(i) * 1_000_003n,
    ]
  })

/** Mostly text, which is stored as it is. */
const wide: Schema = { fields: [...schema.fields, field('text', string)] }
const wideRows = (first: number, count: number): Value[][] =>
  rowsOf(first, count).map((row) => [...row, randomBytes(300).toString('base64')])

let tables = 0
const tableOf = (
  rows: Value[][],
  properties: Readonly<Record<string, string>> = {},
  of = schema,
): Promise<DeltaTable> =>
  DeltaTable.createWith(session, `file://${join(folder, `table-${tables++}`)}`, values(of, rows), {
    schema: of,
    partitionBy: ['month'],
    properties,
  })

async function staged(table: DeltaTable, sink: Partial<ParquetSink> = {}) {
  const name = `stage-${tables++}`
  const files = await stageFiles(session, table, {
    store: store.uri,
    folder: name,
    fileBytes: 64 * 2 ** 20,
    slices: 2,
    ...sink,
  })
  return { files, glob: join(folder, name, '*.parquet') }
}

/** Rows of Parquet files as another engine reads them. */
async function rowsIn(glob: string, columns: readonly string[]): Promise<unknown[][]> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  try {
    const names = columns.map((name) => `"${name}"`).join(', ')
    return (await connection.runAndReadAll(`SELECT ${names} FROM read_parquet('${glob}') ORDER BY 1`)).getRows()
  } finally {
    connection.closeSync()
  }
}

const told = (rows: readonly (readonly unknown[])[]): string[][] => rows.map((row) => row.map(String))
async function lakeRows(table: DeltaTable, columns: readonly string[]): Promise<readonly Value[][]> {
  const { rows } = await session.collect(scan(table.provider()).select(...columns.map((name) => col(name))))
  return rows.sort((a, b) => Number((a[0] as bigint) - (b[0] as bigint)))
}
const names = ['id', 'month', 'name']
const rowCountOf = (files: readonly StagedFile[]): number => files.reduce((sum, { rowCount }) => sum + rowCount, 0)

describe('files of a table for a warehouse', () => {
  it('W-04: files that fit are taken as they are, with the partition column in its place', async () => {
    const table = await tableOf(wideRows(0, 900), {}, wide)
    const { files, glob } = await staged(table)
    expect(files).toHaveLength(1)
    expect(rowCountOf(files)).toBe(900)
    const { schema: found, rowGroups } = await readParquetMetadata(store, files[0]!.path)
    expect(found.fields.map(({ name }) => name)).toEqual(wide.fields.map(({ name }) => name))
    // A row group a file of the table: none was decoded and joined with another.
    expect(rowGroups).toHaveLength(table.snapshot.files.size)
    expect(told(await rowsIn(glob, names))).toEqual(told(await lakeRows(table, names)))
  })

  it('W-04: as many files as slices, of about one size, where there is enough for it', async () => {
    let table = await tableOf(wideRows(0, 3000), {}, wide)
    for (let at = 3000; at < 12_000; at += 3000) table = await table.append(values(wide, wideRows(at, 3000)))
    const { files, glob } = await staged(table, { slices: 3 })
    expect(files).toHaveLength(3)
    const bytes = files.map(({ sizeBytes }) => sizeBytes)
    expect(Math.max(...bytes)).toBeLessThan(1.5 * Math.min(...bytes))
    expect(told(await rowsIn(glob, names))).toEqual(told(await lakeRows(table, names)))
  })

  it('W-04: rows of files with deletion vectors, nested or other columns are written anew beside them', async () => {
    const nested: Schema = { fields: [...schema.fields, field('tags', list(string))] }
    const rows = rowsOf(0, 3000).map((row, i): Value[] => [...row, i % 4 === 0 ? null : [`t${i % 3}`]])
    const first = await tableOf(rows, { 'delta.enableDeletionVectors': 'true' }, nested)
    const table = await first.delete(col('id').lt(40n).or(col('id').eq(2999n)))
    expect([...table.snapshot.files.values()].some(({ deletionVector }) => deletionVector !== null)).toBe(true)
    const { files, glob } = await staged(table)
    expect(rowCountOf(files)).toBe(2959)
    expect(told(await rowsIn(glob, names))).toEqual(told(await lakeRows(table, names)))
  })

  it('W-04: columns that came later, or have another name in the files', async () => {
    const mapped = await tableOf(rowsOf(0, 2000), { 'delta.columnMapping.mode': 'name' })
    const table = await mapped.addColumns([field('note', string)])
    const { files, glob } = await staged(table)
    expect(rowCountOf(files)).toBe(2000)
    const all = [...names, 'note']
    expect(told(await rowsIn(glob, all))).toEqual(told(await lakeRows(table, all)))
  })

  it('W-04: the same on worker threads, and where one of them finds a damaged file', async () => {
    const parallel = Session.create({ threads: 2, inlineBytes: 1000 })
    try {
      let table = await tableOf(wideRows(0, 3000), {}, wide)
      table = await table.append(values(wide, wideRows(3000, 6000)))
      const name = `stage-${tables++}`
      const sink = { store: store.uri, folder: name, fileBytes: 2 ** 20, slices: 2 }
      const files = await stageFiles(parallel, table, sink)
      expect(files.length).toBeGreaterThan(1)
      expect(rowCountOf(files)).toBe(9000)
      const glob = join(folder, name, '*.parquet')
      expect(told(await rowsIn(glob, names))).toEqual(told(await lakeRows(table, names)))
      const damaged = [...table.snapshot.files.values()].at(-1)!
      writeFileSync(
        join(new URL(table.uri).pathname, decodeURIComponent(damaged.path)),
        Buffer.alloc(damaged.sizeBytes),
      )
      await expect(stageFiles(parallel, table, { ...sink, folder: `stage-${tables++}` })).rejects.toMatchObject({
        code: expect.stringMatching(/^DW-FORMAT-/) as string,
      })
    } finally {
      await parallel.close()
    }
  })

  it('a store that fails leaves no file that looks whole', async () => {
    const table = await tableOf(rowsOf(0, 1000))
    const file = [...table.snapshot.files.values()][1]!
    rmSync(join(new URL(table.uri).pathname, decodeURIComponent(file.path)))
    await expect(staged(table)).rejects.toMatchObject({ code: expect.stringMatching(/^DW-/) as string })
    expect(readdirSync(folder).filter((name) => name === `stage-${tables - 1}`)).toEqual([])
  })
})
