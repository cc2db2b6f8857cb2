import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { caseColumns } from './csv-cases.js'
import type { CsvWitness } from './csv-differential.js'

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** DuckDB, told of the dialect rather than left to guess it. It does not trim. */
export async function duckCsv(): Promise<CsvWitness & { close(): void }> {
  const { DuckDBInstance } = await import('@duckdb/node-api')
  const connection = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect()
  const folder = mkdtempSync(join(tmpdir(), 'deltaworks-duck-csv-'))
  let count = 0
  return {
    name: 'duckdb',
    refuses: ({ hasMixedLineEnds, options, text }) => {
      const { escape, nullValues, comment } = options
      if (comment !== undefined && text.startsWith(`\uFEFF${comment}`))
        return 'sees no comment behind a byte order mark'
      if (hasMixedLineEnds) return 'has line ends of one kind only'
      return escape !== undefined && nullValues?.some((word) => word.includes(escape)) === true
        ? 'has no escape that is in a word for null'
        : null
    },
    value: ({ value, raw, isQuoted }, { options }) =>
      isQuoted ? value : raw === '' || options.nullValues?.includes(raw) === true ? null : raw,
    async read({ options, text }) {
      const path = join(folder, `${count++}.csv`)
      writeFileSync(path, text)
      const { separator, quote, escape, comment, nullValues, header, lineSeparator } = options
      const newLine = { '\n': '\\n', '\r': '\\r', '\r\n': '\\r\\n', auto: null }[lineSeparator!]
      const nulls = ['', ...(nullValues ?? [])].map(literal).join(', ')
      const query = `from read_csv(${literal(path)}, auto_detect = false, header = ${String(header)}, delim = ${literal(separator!)},
        quote = ${literal(quote!)}, escape = ${literal(quote === '' ? '' : (escape ?? quote!))}, nullstr = [${nulls}],
        allow_quoted_nulls = false, columns = {${caseColumns.map((name) => `'${name}': 'VARCHAR'`).join(', ')}}
        ${comment === undefined ? '' : `, comment = ${literal(comment)}`}${newLine === null ? '' : `, new_line = '${newLine}'`})`
      try {
        const result = await connection.runAndReadAll(query)
        return result.getRows() as (string | null)[][]
      } catch (error) {
        return error instanceof Error ? error.message : String(error)
      } finally {
        rmSync(path, { force: true })
      }
    },
    close() {
      connection.closeSync()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
