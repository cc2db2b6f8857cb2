import type { Expression } from '@deltaworks/expression'
import { sqlInvalid } from '../errors.js'
import type { LogicalPlan } from '../logical-plan.js'
import type { Catalog } from './catalog.js'
import type { ParseSqlOptions, Statement } from './statement.js'

/*
 * The face of the SQL front end. Its modules are loaded with the first text: a program that uses none does not pay for them.
 */

/**
 * The statements of a text, separated by `;`, as plans over the catalogue's tables. The grammar is PostgreSQL's with what Spark,
 * Redshift and DuckDB have beside it; types, null order (first ascending, last descending) and functions are Spark's.
 * @throws PlanError with line and column: DW-PLAN-0020 no SQL, -0021 not supported, -0022 no such table, -0001 no such column …
 */
export async function parseSql(text: string, catalog: Catalog, options: ParseSqlOptions = {}): Promise<Statement[]> {
  const statements: Statement[] = []
  for await (const statement of sqlStatements(text, catalog, options)) statements.push(statement)
  return statements
}

/** The plan of a text that is one query. @throws PlanError as `parseSql`; DW-PLAN-0024 if it is something else */
export async function parseQuery(text: string, catalog: Catalog, options: ParseSqlOptions = {}): Promise<LogicalPlan> {
  const [statement, ...more] = await parseSql(text, catalog, options)
  if (statement?.kind !== 'query' || more.length > 0) throw sqlInvalid('The text is not one query', null)
  return statement.plan
}

/**
 * The statements one after the other: each is bound when it is asked for, so that it may name what the ones before have made. The
 * whole text is parsed first.
 * @throws PlanError as `parseSql`
 */
export async function* sqlStatements(
  text: string,
  catalog: Catalog,
  options: ParseSqlOptions = {},
): AsyncGenerator<Statement, void, undefined> {
  const front = await import('./parse-sql.js')
  yield* front.parseStatements(text, catalog, options)
}

/**
 * A scalar expression or predicate (`amount > 5 and name like 'a%'`); columns are by name, to be bound later.
 * @throws PlanError DW-PLAN-0020, -0021, -0024
 */
export async function parseExpression(text: string): Promise<Expression> {
  const front = await import('./parse-sql.js')
  return front.parseSingleExpression(text)
}
