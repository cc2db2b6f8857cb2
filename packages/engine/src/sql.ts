import type { Catalog, CatalogEntry, ExplainStatement, LogicalPlan, Statement, TableProvider } from '@deltaworks/plan'
import { string, type Schema, type Value } from '@deltaworks/schema'
import { tableExists, tableNotFound } from './errors.js'
import { fileTable, type FileTableFormat } from './file-table.js'
import { tablesTogether } from './tables-together.js'
import type { QueryOptions, Session } from './session.js'

/** Tables of a SQL text by name; a function makes one when the text first names it. */
export type SqlTables = Readonly<Record<string, CatalogEntry>> | FindTable | NamedTables

type FindTable = (name: readonly string[]) => Promise<CatalogEntry | undefined> | CatalogEntry | undefined

/** Tables that are found when they are named, and the names that there are: for SHOW TABLES and "did you mean". */
export class NamedTables {
  readonly find: FindTable
  readonly names: readonly string[]

  constructor(find: FindTable, names: readonly string[]) {
    this.find = find
    this.names = names
  }
}

/** `read_delta('path', version => 3)`: positional and named arguments, literals only. */
export type TableFunction = (
  session: Session,
  args: readonly Value[],
  named: Readonly<Record<string, Value>>,
) => Promise<TableProvider> | TableProvider

/** What a statement gave: a query its rows, a definition none. */
export interface SqlResult {
  readonly schema: Schema
  readonly rows: Value[][]
  readonly durationMs: number
}

/** One path, or a list of them. */
const reader =
  (format: FileTableFormat): TableFunction =>
  async (_, [paths], named) => {
    if (!Array.isArray(paths)) return fileTable(String(paths), format, named)
    return tablesTogether(await Promise.all(paths.map((path) => fileTable(String(path), format, named))))
  }

const fileFunctions: Readonly<Record<string, TableFunction>> = {
  read_parquet: reader('parquet'),
  parquet_scan: reader('parquet'),
  read_csv: reader('csv'),
  read_csv_auto: reader('csv'),
  read_json: reader('json'),
  read_json_auto: reader('json'),
  read_arrow: reader('arrow'),
  read_avro: reader('avro'),
}

/** The tables and table functions that a text of the session may name. */
export function sqlCatalog(session: Session, tables: SqlTables): Catalog {
  const functions = { ...fileFunctions, ...session.tableFunctions }
  const { find, names } = namedTables(tables)
  return {
    table: (name) => session.definitions.get(keyOf(name)) ?? find(name),
    tableFunction: async (name, args, named) => {
      const found = functions[name.toLowerCase()]
      return found === undefined ? undefined : found(session, args, named)
    },
    get tableNames() {
      return [...names, ...session.definitions.keys()]
    },
  }
}

function namedTables(tables: SqlTables): NamedTables {
  if (tables instanceof NamedTables) return tables
  if (typeof tables === 'function') return new NamedTables(tables, [])
  const byName = new Map(Object.entries(tables).map(([name, entry]) => [name.toLowerCase(), entry]))
  return new NamedTables((name) => byName.get(name[name.length - 1]!.toLowerCase()), Object.keys(tables))
}

const keyOf = (name: readonly string[]): string => name.join('.').toLowerCase()

/**
 * Executes the statements of a text, each when its result is asked for.
 * @throws PlanError for what the text gets wrong, with line and column
 */
export async function* executeSql(
  session: Session,
  text: string,
  tables: SqlTables,
  options: QueryOptions,
): AsyncGenerator<SqlResult, void, undefined> {
  const { sqlStatements } = await import('@deltaworks/plan')
  const statements = sqlStatements(text, sqlCatalog(session, tables), { timezone: session.timezone })
  for (;;) {
    const start = performance.now()
    const next = await statements.next()
    if (next.done === true) return
    const result = await execute(session, next.value, options)
    yield { ...result, durationMs: performance.now() - start }
  }
}

type Rows = Omit<SqlResult, 'durationMs'>
const nothing: Rows = { schema: { fields: [] }, rows: [] }

async function execute(session: Session, statement: Statement, options: QueryOptions): Promise<Rows> {
  switch (statement.kind) {
    case 'query': {
      const { schema, rows } = await session.collect(statement.plan, options)
      return { schema, rows }
    }
    case 'explain':
      return textResult(await explained(session, statement, options))
    case 'create_view':
      define(session, statement.name, statement.plan, statement.orReplace)
      return nothing
    case 'create_table': {
      const key = keyOf(statement.name)
      if (session.definitions.has(key) && statement.ifNotExists) return nothing
      if (session.definitions.has(key) && !statement.orReplace) throw tableExists(key)
      const table = await session.materialise(statement.plan, { ...options, name: key })
      session.definitions.set(key, table)
      return nothing
    }
    case 'drop':
      for (const name of statement.names) {
        if (!session.definitions.delete(keyOf(name)) && !statement.ifExists) {
          throw tableNotFound(keyOf(name), [...session.definitions.keys()])
        }
      }
      return nothing
    case 'set':
      session.timezone = statement.value
      return nothing
  }
}

function define(session: Session, name: readonly string[], plan: LogicalPlan, orReplace: boolean): void {
  const key = keyOf(name)
  if (session.definitions.has(key) && !orReplace) throw tableExists(key)
  session.definitions.set(key, plan)
}

async function explained(
  session: Session,
  { plan, analyze, verbose, format }: ExplainStatement,
  options: QueryOptions,
): Promise<string> {
  if (analyze) return session.explainAnalyze(plan, { ...options, format })
  return session.explain(plan, { format, verbose, rows: true })
}

const textResult = (text: string): Rows => ({
  schema: { fields: [{ name: 'plan', type: string, nullable: false }] },
  rows: text.split('\n').map((line) => [line]),
})
