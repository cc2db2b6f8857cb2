import { DuckDBInstance, DuckDBTypeId } from '@duckdb/node-api'
import { DeltaTable } from '@deltaworks/delta-table'
import { fileTable, Session } from '@deltaworks/engine'
import { textOf, utcContext } from '@deltaworks/expression'
import type { TableProvider } from '@deltaworks/plan'
import { resolveUri } from '@deltaworks/storage'
import { commandLine } from '../command-line.js'
import { tableNames, tpchData, type TableFormat } from './tpch-data.js'

/*
 * node benchmarks/dist/tpch/check.js [--scale 0.01] [--threads 2] [--from parquet|delta] [--data DIR] [--memory BYTES] [--inline]
 *
 * The 22 queries of TPC-H on us and on DuckDB: the rows are the same, decimals to the last digit. What DuckDB gives as a
 * double and we as a decimal (averages) must be that double, rounded to our digits.
 */
const { values: options } = commandLine({
  options: {
    scale: { type: 'string', default: '0.01' },
    threads: { type: 'string', default: '2' },
    from: { type: 'string', default: 'parquet' },
    data: { type: 'string' },
    memory: { type: 'string' },
    inline: { type: 'boolean', default: false },
  },
})

interface Expected {
  readonly rows: readonly (readonly string[])[]
  readonly isDouble: readonly boolean[]
}

function sameValue(mine: string, theirs: string, isDouble: boolean): boolean {
  if (mine === theirs) return true
  if (!isDouble || mine === 'null' || theirs === 'null') return false
  const [x, y] = [Number(mine), Number(theirs)]
  const digits = /\.(\d+)$/.exec(mine)?.[1]!.length ?? 0
  // Half a unit of our last digit, and what a double of that size cannot tell apart.
  return Math.abs(x - y) <= 0.5 * 10 ** -digits + Math.abs(y) * 1e-14
}

async function main(): Promise<number> {
  const data = await tpchData({ scale: options.scale, format: options.from as TableFormat, folder: options.data })
  const files = await tpchData({ scale: options.scale, format: 'parquet', folder: options.data })
  if (data === null || files === null) {
    process.stdout.write('skip TPC-H: duckdb-extension-tpch cannot be had from PyPI\n')
    return 0
  }
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  for (const name of tableNames) {
    await connection.run(`create view ${name} as select * from read_parquet('${files.tables[name]}')`)
  }
  const session = Session.create({
    threads: Number(options.threads),
    ...(options.memory === undefined ? {} : { memoryBytes: Number(options.memory) }),
    ...(options.inline ? { inlineBytes: Number.MAX_SAFE_INTEGER } : {}),
  })
  let failed = 0
  try {
    const tables: Record<string, TableProvider> = {}
    for (const name of tableNames) {
      tables[name] =
        data.format === 'parquet'
          ? await fileTable(data.tables[name], 'parquet')
          : (await DeltaTable.open(session, resolveUri(data.tables[name]))).provider()
    }
    for (const [i, text] of data.queries.entries()) {
      const reader = await connection.runAndReadAll(text)
      const expected = {
        rows: reader.getRows().map((row) => row.map(String)),
        isDouble: reader.columnTypes().map(({ typeId }) => typeId === DuckDBTypeId.DOUBLE),
      }
      const problem = await difference(session, text, tables, expected)
      if (problem !== null) failed++
      process.stdout.write(
        `${problem === null ? 'ok  ' : 'FAIL'} TPC-H ${i + 1}${problem === null ? '' : `: ${problem}`}\n`,
      )
    }
    process.stdout.write(`${data.queries.length - failed} passed, ${failed} failed\n`)
  } finally {
    connection.closeSync()
    await session.close()
  }
  return failed === 0 ? 0 : 1
}

/** What is different from the expected rows; null if nothing is. */
async function difference(
  session: Session,
  text: string,
  tables: Readonly<Record<string, TableProvider>>,
  expected: Expected,
): Promise<string | null> {
  try {
    const { schema, rows } = await session.sql(text, tables)
    const mine = rows.map((row) =>
      row.map((value, i) => (value === null ? 'null' : textOf(schema.fields[i]!.type, value, utcContext))),
    )
    if (mine.length !== expected.rows.length) return `${mine.length} rows, not ${expected.rows.length}`
    const at = mine.findIndex(
      (row, i) =>
        !row.every((value, column) => sameValue(value, expected.rows[i]![column]!, expected.isDouble[column]!)),
    )
    return at < 0 ? null : `row ${at + 1} is ${mine[at]!.join(' | ')}, not ${expected.rows[at]!.join(' | ')}`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

process.exitCode = await main()
