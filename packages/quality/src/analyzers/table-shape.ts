import { fieldIndex, typeName, typesEqual } from '@deltaworks/schema'
import { within } from '../bounds.js'
import type { ColumnCount, ColumnExists, RowCount } from '../rule.js'
import type { Analyzer } from './analyzer.js'
import { aggregate, countOf, countRows, formatCount } from './counting.js'

export const rowCount: Analyzer<RowCount> = {
  requires: (_, filter) => [aggregate(countRows(filter))],
  outcome({ bounds }, filter, answers) {
    const rows = countOf(answers, countRows(filter))
    return { passed: within(bounds, rows), metric: rows, rowsFailed: null, found: `${formatCount(rows)} rows` }
  },
  verdict: () => null,
  expressions: () => [],
}

export const columnCount: Analyzer<ColumnCount> = {
  requires: () => [],
  outcome({ bounds }, _, { schema }) {
    const columns = schema.fields.length
    return { passed: within(bounds, columns), metric: columns, rowsFailed: null, found: `${columns} columns` }
  },
  verdict: () => null,
  expressions: () => [],
}

export const columnExists: Analyzer<ColumnExists> = {
  requires: () => [],
  outcome({ column, type }, _, { schema }) {
    const found = schema.fields[fieldIndex(schema, column)]
    const passed = found !== undefined && (type === null || typesEqual(found.type, type))
    return {
      passed,
      metric: passed ? 1 : 0,
      rowsFailed: null,
      found: found === undefined ? 'there is none' : `its type is ${typeName(found.type)}`,
    }
  },
  verdict: () => null,
  expressions: () => [],
}
