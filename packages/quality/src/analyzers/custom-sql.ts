import { agg, col, lit, type Expr } from '@deltaworks/expression'
import { DataFrame, type LogicalPlan } from '@deltaworks/plan'
import { fieldIndex } from '@deltaworks/schema'
import { within } from '../bounds.js'
import { customSqlResult } from '../errors.js'
import type { CustomSql } from '../rule.js'
import type { Analyzer, QueryRequirement } from './analyzer.js'
import { ofRows, share } from './counting.js'

/** A statement that selects the rows that are good, by some of the table's columns. */
export const customSql: Analyzer<CustomSql> = {
  requires: (constraint) => [selectedRows(constraint)],
  outcome(constraint, _, answers) {
    const selected = answers.query(selectedRows(constraint)) as number
    const metric = share(selected, answers.rowCount)
    return {
      passed: metric !== null && within(constraint.bounds, metric),
      metric,
      rowsFailed: answers.rowCount - selected,
      found: `${ofRows(selected, answers.rowCount)} are selected`,
    }
  },
  verdict({ sql }, _, rows) {
    const plan = rows.statement(sql)
    if (plan === null) return null
    const { names, frame } = keysOf(sql, plan, rows.input)
    const [found] = rows.lookup(
      names.map((name) => col(name)),
      frame.withColumns({ selected: lit(true) }),
      names,
      ['selected'],
    )
    return { failing: found!.isNull(), reason: lit(`not selected by: ${sql}`) }
  },
  expressions: () => [],
}

const selectedRows = ({ sql }: CustomSql): QueryRequirement => ({
  kind: 'query',
  key: `selected ${sql}`,
  async run(context) {
    const { names, frame } = keysOf(sql, await context.sql(sql), context.frame)
    const renamed = frame.rename(Object.fromEntries(names.map((name) => [name, `selected_${name}`]))) as DataFrame
    const same = names
      .map((name): Expr => col(name).isNotDistinctFrom(col(`selected_${name}`)))
      .reduce((a, b) => a.and(b))
    const [count] = await context.row(context.frame.join(renamed, same, 'left_semi').agg({ n: agg.count() }).plan)
    return Number(count)
  },
})

/** The selected columns, which must be the table's, each combination once. */
function keysOf(sql: string, plan: LogicalPlan, table: DataFrame) {
  const names = plan.schema.fields.map(({ name }) => name)
  const foreign = names.filter((name) => fieldIndex(table.schema, name) < 0)
  if (foreign.length > 0) throw customSqlResult(sql, `columns that the table does not have (${foreign.join(', ')})`)
  return { names, frame: new DataFrame(plan).distinct() }
}
