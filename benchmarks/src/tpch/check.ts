import { parseArgs } from 'node:util'
import { fileTable, Session } from '@deltaworks/engine'
import { textOf, utcContext } from '@deltaworks/expression'
import type { DataType } from '@deltaworks/schema'
import { tableNames, tpchData } from './tpch-data.js'

/*
 * node benchmarks/dist/tpch/check.js [--scale 0.01] [--threads N]
 *
 * The 22 queries of TPC-H over tables that DuckDB's generator made: our rows must be DuckDB's.
 */
const { values: options } = parseArgs({
  options: { scale: { type: 'string', default: '0.01' }, threads: { type: 'string', default: '2' } },
})

/**
 * Equal texts. An average or quotient of decimals is a decimal here and a double there: then ours must be the double rounded to our
 * last digit; and doubles, whose sums depend on the order of rows, agree to 11 digits.
 */
function sameValue(a: string, b: string, type: DataType): boolean {
  if (a === b) return true
  const [x, y] = [Number(a), Number(b)]
  if (a === '' || b === '') return false
  if (type.kind === 'decimal') {
    const isDouble = !/^-?\d+\.\d{1,2}$/.test(b)
    const [digits, other] = [a.replace(/0+$/, ''), b.replace(/0+$/, '')]
    return digits === other || (isDouble && Math.abs(x - y) <= 0.5000001 * 10 ** -type.scale + Math.abs(y) * 2e-16)
  }
  return type.kind === 'float64' && Math.abs(x - y) <= 1e-11 * Math.max(1, Math.abs(x))
}

async function main(): Promise<number> {
  const data = await tpchData(Number(options.scale), Number(options.threads))
  if (data === null) {
    process.stdout.write('skip TPC-H: duckdb-extension-tpch cannot be had from PyPI\n')
    return 0
  }
  const { connection, files, queries } = data
  const session = Session.create({ threads: Number(options.threads) })
  let failed = 0
  try {
    const tables: Record<string, Awaited<ReturnType<typeof fileTable>>> = {}
    for (const name of tableNames) tables[name] = await fileTable(files[name], 'parquet')
    for (const [i, text] of queries.entries()) {
      const expected = (await connection.runAndReadAll(text)).getRows().map((row) => row.map(String))
      const problem = await difference(session, text, tables, expected)
      if (problem !== null) failed++
      process.stdout.write(
        `${problem === null ? 'ok  ' : 'FAIL'} TPC-H ${i + 1}${problem === null ? '' : `: ${problem}`}\n`,
      )
    }
    process.stdout.write(`${queries.length - failed} passed, ${failed} failed\n`)
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
  tables: Parameters<Session['sql']>[1],
  expected: readonly (readonly string[])[],
): Promise<string | null> {
  try {
    const { schema, rows } = await session.sql(text, tables)
    const mine = rows.map((row) =>
      row.map((value, i) => (value === null ? 'null' : textOf(schema.fields[i]!.type, value, utcContext))),
    )
    if (mine.length !== expected.length) return `${mine.length} rows, not ${expected.length}`
    const at = mine.findIndex(
      (row, i) => !row.every((value, column) => sameValue(value, expected[i]![column]!, schema.fields[column]!.type)),
    )
    return at < 0 ? null : `row ${at + 1} is ${mine[at]!.join(' | ')}, not ${expected[at]!.join(' | ')}`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

process.exitCode = await main()
