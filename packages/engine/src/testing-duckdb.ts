import { textOf, utcContext } from '@deltaworks/expression'
import { isInterval, type DataType, type Schema, type Value } from '@deltaworks/schema'
import type { TestTable } from './testing.js'

/** A DuckDB in this process with the tests' tables. */
export interface DuckDbRows {
  /** The rows as text, as `shownRows` shows ours. */
  rows(text: string): Promise<readonly string[]>
  run(text: string): Promise<void>
  close(): void
}

/** What is used of `@duckdb/node-api`, which only tests import. */
export interface DuckDbModule {
  readonly DuckDBInstance: {
    create(path: string): Promise<{
      connect(): Promise<{
        run(text: string): Promise<unknown>
        runAndReadAll(text: string): Promise<{ getRows(): readonly (readonly unknown[])[] }>
        closeSync(): void
      }>
    }>
  }
}

export async function connectDuckDb(
  { DuckDBInstance }: DuckDbModule,
  tables: Readonly<Record<string, TestTable>>,
): Promise<DuckDbRows> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  await connection.run(`set default_null_order = 'nulls_first_on_asc_last_on_desc'`)
  await connection.run(`set ieee_floating_point_ops = true`)
  for (const [name, { schema, ddl, rows }] of Object.entries(tables)) {
    await connection.run(`create table ${name} (${ddl})`)
    const literals = rows.map((row) => {
      const values = row.map((v, i) =>
        v === null ? 'null' : `'${textOf(schema.fields[i]!.type, v, utcContext).replaceAll("'", "''")}'`,
      )
      return `(${values.join(', ')})`
    })
    if (literals.length > 0) await connection.run(`insert into ${name} values ${literals.join(', ')}`)
  }
  const shown = (value: unknown): string => {
    if (value === null) return 'NULL'
    if (typeof value === 'object' && 'items' in value)
      return `[${(value.items as readonly unknown[]).map(shown).join(', ')}]`
    if (typeof value === 'object' && 'entries' in value) {
      const { entries } = value as { readonly entries: object }
      if (!Array.isArray(entries)) return `{${Object.values(entries).map(shown).join(', ')}}`
      const pairs = entries as readonly { readonly key: unknown; readonly value: unknown }[]
      return `[${pairs.map((pair) => `{${shown(pair.key)}, ${shown(pair.value)}}`).join(', ')}]`
    }
    return normalNumber(String(value))
  }
  return {
    rows: async (text) => (await connection.runAndReadAll(text)).getRows().map((row) => row.map(shown).join(' | ')),
    run: async (text) => {
      await connection.run(text)
    },
    close: () => connection.closeSync(),
  }
}

/** Results may differ in scale (decimals), in how doubles are written and in their last digits. */
const normalNumber = (text: string): string => {
  if (!/^-?(\d+(\.\d*)?([eE][+-]?\d+)?|Infinity|NaN|inf|nan)$/.test(text)) return text
  const special: Readonly<Record<string, string>> = { nan: 'NaN', inf: 'Infinity', '-inf': '-Infinity' }
  const number = Number(special[text] ?? text)
  return Number.isFinite(number) ? String(Number(number.toPrecision(11)) + 0) : String(number)
}

const shownValue = (type: DataType, value: Value): string => {
  if (value === null) return 'NULL'
  switch (type.kind) {
    case 'list':
      return `[${(value as readonly Value[]).map((v) => shownValue(type.element, v)).join(', ')}]`
    case 'struct':
      if (isInterval(type)) return textOf(type, value, utcContext)
      return `{${(value as readonly Value[]).map((v, i) => shownValue(type.fields[i]!.type, v)).join(', ')}}`
    case 'map':
      return `[${(value as readonly (readonly Value[])[]).map(([k, v]) => `{${shownValue(type.key, k!)}, ${shownValue(type.value, v!)}}`).join(', ')}]`
    default:
      return normalNumber(textOf(type, value, utcContext))
  }
}

/** Rows as text, values parted by ` | `. */
export const shownRows = (schema: Schema, rows: readonly (readonly Value[])[]): string[] =>
  rows.map((row) => row.map((value, i) => shownValue(schema.fields[i]!.type, value)).join(' | '))
