import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { col, lit } from '@deltaworks/expression'
import { Session } from '@deltaworks/engine'
import { scan, values } from '@deltaworks/plan'
import { date, decimal, field, int64, string, timestamp, type Schema } from '@deltaworks/schema'
import { DeltaTable } from './delta-table.js'

/*
 * DuckDB's delta extension (delta-kernel-rs) reads what we wrote. It is not on npm: `pip download --no-deps
 * duckdb-extension-delta==1.5.5` has it; DELTAWORKS_DUCKDB_DELTA_EXTENSION says where it is unpacked.
 */

const extension = process.env['DELTAWORKS_DUCKDB_DELTA_EXTENSION']
if (extension === undefined) {
  console.warn("skipped: DELTAWORKS_DUCKDB_DELTA_EXTENSION does not say where DuckDB's delta.duckdb_extension is")
}
const describeIf = extension === undefined ? describe.skip : describe

const session = Session.create()
const schema: Schema = {
  fields: [
    field('id', int64, false),
    field('p', string),
    field('amount', decimal(12, 2)),
    field('day', date),
    field('at', timestamp),
  ],
}
const rowsOf = (from: number, to: number) =>
  values(
    schema,
    Array.from({ length: to - from }, (_, i) => {
      const id = from + i
      return [BigInt(id), ['a b', 'c/d', null][id % 3]!, BigInt(id * 100 - 50), id, BigInt(id) * 1_234_567n]
    }),
  )

describeIf("D-57: DuckDB's delta extension", () => {
  it('reads creation, appends, a merge, a checkpoint and a compaction', async () => {
    const { DuckDBInstance } = await import('@duckdb/node-api')
    const connection = await (await DuckDBInstance.create()).connect()
    await connection.run(`LOAD '${extension!}'`)
    const folder = mkdtempSync(join(tmpdir(), 'deltaworks-duckdb-'))
    const check = async (table: DeltaTable): Promise<void> => {
      const select = `SELECT id, p, amount::VARCHAR, day::VARCHAR, epoch_us("at") FROM delta_scan('${folder}') ORDER BY id`
      const theirs = (await connection.runAndReadAll(select)).getRows().map((row) => row.map(String).join('|'))
      const ours = scan(table.provider())
        .select(
          col('id'),
          col('p'),
          col('amount').cast(string).as('amount'),
          col('day').cast(string).as('day'),
          col('at'),
        )
        .orderBy(col('id').asc())
      const { rows } = await session.collect(ours)
      expect(theirs).toEqual(rows.map((row) => row.map(String).join('|')))
    }
    let table = await DeltaTable.createWith(session, folder, rowsOf(0, 20), {
      partitionBy: ['p'],
      properties: { 'delta.checkpointInterval': '3' },
    })
    await check(table)
    for (let i = 1; i < 5; i++) table = await table.append(rowsOf(i * 20, i * 20 + 20))
    await check(table)
    table = await table.merge({
      source: rowsOf(95, 110),
      on: ['id'],
      whenMatchedUpdate: { set: { amount: lit(7) } },
      whenNotMatchedInsert: {},
    })
    await check(table)
    table = await table.optimize({ zorderBy: ['id'] })
    await check(table)
    rmSync(folder, { recursive: true })
  })
})
