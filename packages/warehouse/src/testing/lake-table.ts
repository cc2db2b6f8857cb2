import { Arena, batchFromRows, createContext } from '@deltaworks/columnar'
import type { Schema, Value } from '@deltaworks/schema'
import { duckDbDialect } from '../dialects/duckdb-dialect.js'
import { SqlProbe, type TextRows } from '../table-probe.js'
import { DuckDbConnection } from '../targets/duckdb-connection.js'
import type { Batches, WarehouseTable } from '../warehouse-table.js'

/** Rows as batches of a heap of their own. */
export const rowsOf = (columns: Schema, rows: readonly Value[][]): Batches => {
  const { heap } = createContext({ limitBytes: 64 * 1024 * 1024 })
  return {
    kind: 'batches',
    heap,
    batches: async function* () {
      const arena = new Arena(heap)
      yield batchFromRows(arena, columns, rows as Value[][])
      arena.close()
    },
  }
}

/** One for all tables: opening a database takes longer than filling a table. */
const connection = new DuckDbConnection(':memory:')
let tables = 0

/** A table of a lake that DuckDB stands for: it holds these rows, and answers what a reconciliation asks. */
export async function lakeTable(
  name: string,
  columns: Schema,
  deltaVersion: number,
  rows: readonly Value[][],
  changes: Partial<WarehouseTable> = {},
): Promise<WarehouseTable> {
  const table: WarehouseTable = {
    name,
    schema: columns,
    identity: `lake ${name}`,
    deltaVersion,
    source: rowsOf(columns, rows),
    expected: null,
    primaryKey: [],
    foreignKeys: [],
    comment: null,
    aliases: [],
  }
  const types = columns.fields.map((field) => `"${field.name}" ${duckDbDialect.columnType(field, undefined)!.sql}`)
  const relation = `"lake_${++tables}"`
  await connection.run(`CREATE TABLE ${relation} (${types.join(', ')})`)
  await connection.copyRows({ kind: 'rows', sql: '', relation, columns, part: 'all' }, rowsOf(columns, rows))
  const query = (sql: string): Promise<TextRows> => connection.query(sql)
  return { ...table, lake: new SqlProbe(duckDbDialect, relation, query), ...changes }
}
