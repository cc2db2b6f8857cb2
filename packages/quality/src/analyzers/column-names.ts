import { within } from '../bounds.js'
import type { ColumnNames } from '../rule.js'
import type { Analyzer } from './analyzer.js'

export const columnNames: Analyzer<ColumnNames> = {
  requires: () => [],
  outcome({ pattern, bounds }, _, { schema }) {
    const form = new RegExp(pattern, 'u')
    const others = schema.fields.filter(({ name }) => !form.test(name)).map(({ name }) => name)
    const metric = (schema.fields.length - others.length) / schema.fields.length
    const found = others.length === 0 ? 'all names do' : `not so: ${others.join(', ')}`
    return { passed: within(bounds, metric), metric, rowsFailed: null, found }
  },
  verdict: () => null,
  expressions: () => [],
}
