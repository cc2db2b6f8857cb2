import { fieldIndex, typeName, typesEqual } from '@deltaworks/schema'
import { within } from '../bounds.js'
import type { ColumnCount, ColumnExists, ColumnList, RowCount } from '../rule.js'
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

export const columnList: Analyzer<ColumnList> = {
  requires: () => [],
  outcome({ columns, inOrder, others }, _, { schema }) {
    const actual = schema.fields.map(({ name }) => name.toLowerCase())
    const wanted = columns.map((name) => name.toLowerCase())
    const missing = columns.filter((name) => !actual.includes(name.toLowerCase()))
    const extra = schema.fields.map(({ name }) => name).filter((name) => !wanted.includes(name.toLowerCase()))
    const misplaced = inOrder ? columns.find((_, i) => actual[i] !== wanted[i]) : undefined
    const problems = [
      ...(missing.length === 0 ? [] : [`${missing.join(', ')} missing`]),
      ...(extra.length === 0 || others ? [] : [`${extra.join(', ')} not wanted`]),
      ...(missing.length > 0 || misplaced === undefined ? [] : [`${misplaced} is not at its place`]),
    ]
    const passed = problems.length === 0
    return { passed, metric: passed ? 1 : 0, rowsFailed: null, found: passed ? 'so it is' : problems.join('; ') }
  },
  verdict: () => null,
  expressions: () => [],
}
