import { invalidOption, textTable } from '@deltaworks/cli'
import { canonicalLine, canonicalValue, csvLine } from '@deltaworks/formats'
import { isNumeric, string, type Schema, type Value } from '@deltaworks/schema'
import { Option } from 'commander'

export type RowFormat = 'table' | 'jsonl' | 'csv'

export const formatOption = (): Option =>
  new Option('--format <format>', 'how rows are printed').choices(['table', 'jsonl', 'csv']).default('table')

/** A text as it is, but for line ends and what a terminal obeys. */
const onOneLine = (text: string): string =>
  text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (c) =>
    c < ' ' ? JSON.stringify(c).slice(1, -1) : `\\u00${c.charCodeAt(0).toString(16)}`,
  )

/** Rows as text: a table for people, canonical JSON lines, or CSV. */
export function formatRows(schema: Schema, rows: readonly (readonly Value[])[], format: RowFormat): string {
  const shown = (row: readonly Value[]): string[] =>
    row.map((value, i) => {
      if (value === null) return ''
      const json = canonicalValue(schema.fields[i]!.type, value)
      return json.startsWith('"') ? onOneLine(JSON.parse(json) as string) : json
    })
  switch (format) {
    case 'jsonl':
      return rows.map((row) => `${canonicalLine(schema, row)}\n`).join('')
    case 'csv': {
      const header = { fields: schema.fields.map((f) => ({ ...f, type: string })) }
      const names = schema.fields.map((f) => f.name)
      return [csvLine(header, names), ...rows.map((row) => csvLine(schema, row))].map((line) => `${line}\n`).join('')
    }
    case 'table': {
      const header = schema.fields.map((f) => f.name)
      const right = schema.fields.map((f) => isNumeric(f.type))
      return `${textTable(header, rows.map(shown), right)}\n`
    }
    default:
      throw invalidOption('--format', String(format), 'table, jsonl or csv')
  }
}
