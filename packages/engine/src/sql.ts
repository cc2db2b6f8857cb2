import type { Catalog, CatalogEntry, LogicalPlan, TableProvider } from '@deltaworks/plan'
import type { Schema, Value } from '@deltaworks/schema'
import { fileTable } from './file-table.js'
import type { QueryOptions, Session } from './session.js'
import { string } from '@deltaworks/schema'

/** Tables of a SQL text by name; a function makes one when the text first names it. */
export type SqlTables =
  | Readonly<Record<string, CatalogEntry>>
  | ((name: readonly string[]) => Promise<CatalogEntry | undefined> | CatalogEntry | undefined)

/** `read_delta('path', version => 3)`: positional and named arguments, literals only. */
export type TableFunction = (
  session: Session,
  args: readonly Value[],
  named: Readonly<Record<string, Value>>,
) => Promise<TableProvider> | TableProvider

export interface SqlResult {
  readonly schema: Schema
  readonly rows: Value[][]
  readonly durationMs: number
}

const fileFunctions: Readonly<Record<string, TableFunction>> = {
  read_parquet: (_, args) => fileTable(String(args[0]), 'parquet'),
  read_csv: (_, args, named) => fileTable(String(args[0]), 'csv', named),
  read_json: (_, args, named) => fileTable(String(args[0]), 'json', named),
}

/** The tables and table functions that a text of the session may name. */
export function sqlCatalog(session: Session, tables: SqlTables): Catalog {
  const functions = { ...fileFunctions, ...session.tableFunctions }
  return {
    table: (name) => (typeof tables === 'function' ? tables(name) : tables[name[name.length - 1]!]),
    tableFunction: async (name, args, named) => {
      const found = functions[name.toLowerCase()]
      return found === undefined ? undefined : found(session, args, named)
    },
  }
}

/** @throws PlanError for what the text gets wrong, with line and column */
export async function executeSql(
  session: Session,
  text: string,
  tables: SqlTables,
  options: QueryOptions,
): Promise<SqlResult[]> {
  const { parseSql } = await import('@deltaworks/plan')
  const results: SqlResult[] = []
  for (const statement of await parseSql(text, sqlCatalog(session, tables))) {
    const start = performance.now()
    if (statement.kind === 'explain') {
      const shown = statement.analyze
        ? await session.explainAnalyze(statement.plan, options)
        : session.explain(statement.plan)
      results.push({ ...textResult(shown), durationMs: performance.now() - start })
      continue
    }
    const plan: LogicalPlan = statement.plan
    const { schema, rows } = await session.collect(plan, options)
    results.push({ schema, rows, durationMs: performance.now() - start })
  }
  return results
}

const textResult = (text: string): Omit<SqlResult, 'durationMs'> => ({
  schema: { fields: [{ name: 'plan', type: string, nullable: false }] },
  rows: text.split('\n').map((line) => [line]),
})
