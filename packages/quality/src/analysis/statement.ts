import { parseSql, type DataFrame, type LogicalPlan } from '@deltaworks/plan'
import { customSqlResult } from '../errors.js'
import type { AnyFrame } from '../query-runner.js'

/** A SELECT over `primary` and the references, as a plan. @throws PlanError as `parseSql`; QualityError DW-QUALITY-0010 */
export async function parseStatement(
  text: string,
  primary: DataFrame,
  references: ReadonlyMap<string, AnyFrame>,
): Promise<LogicalPlan> {
  const tables = new Map<string, AnyFrame>([...references, ['primary', primary]])
  const statements = await parseSql(quotePrimary(text), {
    table: (name) => tables.get(name.at(-1)!)?.plan,
    tableNames: [...tables.keys()],
  })
  const [statement, ...more] = statements
  if (statement?.kind !== 'query' || more.length > 0) throw customSqlResult(text, 'no single SELECT')
  return statement.plan
}

/** `primary` is a reserved word of PostgreSQL's grammar, and the name of the table in DQDL. */
const quotePrimary = (text: string): string =>
  text.replace(/'(?:[^']|'')*'|"[^"]*"|\bprimary\b(?!\s+key\b)/gi, (found) =>
    found.toLowerCase() === 'primary' ? '"primary"' : found,
  )
