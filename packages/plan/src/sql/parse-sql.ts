import { bind, interpret, utcContext } from '@deltaworks/expression'
import type { Expression } from '@deltaworks/expression'
import type { Value } from '@deltaworks/schema'
import type { FuncCall, RangeFunction, RangeVar, SelectStmt } from 'libpg-query'
import { sqlInvalid, sqlSyntax, sqlUnsupported, unknownTableFunction } from '../errors.js'
import type { LogicalPlan } from '../logical-plan.js'
import { planOfEntry, type Catalog } from './catalog.js'
import {
  createTableStatement,
  dropStatement,
  explainStatement,
  setStatement,
  showStatement,
  viewStatement,
  type StatementContext,
} from './definition-statements.js'
import { ExpressionConverter } from './expression-converter.js'
import { functionCallOf, listFunctionOf } from './list-function.js'
import { QueryBinder, type SqlSources } from './query-binder.js'
import { SqlText } from './sql-text.js'
import type { ParseSqlOptions, Statement } from './statement.js'
import { kindOf, locationOf, namesOf, type Node } from './syntax-tree.js'

/** See `sqlStatements`. */
export async function* parseStatements(
  text: string,
  catalog: Catalog,
  options: ParseSqlOptions,
): AsyncGenerator<Statement, void, undefined> {
  const source = new SqlText(text)
  const made = new Map<string, LogicalPlan>()
  let timezone = options.timezone ?? 'UTC'
  const withMade: Catalog = {
    ...catalog,
    table: (name) => made.get(name.join('.').toLowerCase()) ?? catalog.table(name),
    get tableNames() {
      return [...new Set([...(catalog.tableNames ?? []), ...made.keys()])]
    },
  }
  for (const { stmt } of await parseTree(source)) {
    if (stmt === undefined) continue
    const statement = await bindStatement(stmt, source, withMade, timezone)
    if (statement.kind === 'create_view') made.set(statement.name.join('.').toLowerCase(), statement.plan)
    if (statement.kind === 'drop') for (const name of statement.names) made.delete(name.join('.').toLowerCase())
    if (statement.kind === 'set') timezone = statement.value
    yield statement
  }
}

/** See `parseExpression`. */
export async function parseSingleExpression(text: string): Promise<Expression> {
  const source = new SqlText(text, 'select ')
  const [first, ...more] = await parseTree(source)
  const select = first?.stmt !== undefined && 'SelectStmt' in first.stmt ? first.stmt.SelectStmt : null
  const target = select?.targetList?.[0]
  if (
    more.length > 0 ||
    select?.targetList?.length !== 1 ||
    select.fromClause !== undefined ||
    target === undefined ||
    !('ResTarget' in target)
  ) {
    throw sqlInvalid(`"${text}" is not one expression`, null)
  }
  return new ExpressionConverter({
    text: source,
    column: (names) => {
      const name = names.at(-1)!
      const qualifier = names.at(-2)
      return qualifier === undefined ? { kind: 'column', name } : { kind: 'column', name, qualifier }
    },
    subquery: null,
    windows: new Map(),
  }).convert(target.ResTarget.val!)
}

async function parseTree(source: SqlText): Promise<readonly { readonly stmt?: Node }[]> {
  const { parse } = await import('libpg-query')
  if (source.text.trim() === '') return []
  try {
    const { stmts } = await parse(source.text)
    return stmts ?? []
  } catch (error) {
    const details = (error as { readonly sqlDetails?: { readonly message: string; readonly cursorPosition: number } })
      .sqlDetails
    const message = error instanceof Error ? error.message : String(error)
    if (details === undefined && /empty/i.test(message)) return []
    const position = details === undefined ? null : source.positionOfCharacter(details.cursorPosition)
    throw sqlSyntax(details?.message ?? message, position, error)
  }
}

async function bindStatement(stmt: Node, source: SqlText, catalog: Catalog, timezone: string): Promise<Statement> {
  const context: StatementContext = {
    text: source,
    catalog,
    query: (select) => bindQuery(select, source, catalog, timezone),
  }
  if ('SelectStmt' in stmt) return { kind: 'query', plan: await context.query(stmt.SelectStmt) }
  if ('ExplainStmt' in stmt) return explainStatement(stmt.ExplainStmt, context)
  if ('VariableShowStmt' in stmt) return showStatement(stmt.VariableShowStmt.name ?? '', timezone, context)
  if ('VariableSetStmt' in stmt) return setStatement(stmt.VariableSetStmt)
  if ('ViewStmt' in stmt) return viewStatement(stmt.ViewStmt, context)
  if ('CreateTableAsStmt' in stmt) return createTableStatement(stmt.CreateTableAsStmt, context)
  if ('DropStmt' in stmt) return dropStatement(stmt.DropStmt)
  const what = unsupportedStatements[kindOf(stmt)] ?? `The statement ${kindOf(stmt).replace('Stmt', '')}`
  throw sqlUnsupported(
    what,
    source.position(locationOf(stmt)),
    'There are SELECT, WITH, VALUES, EXPLAIN, DESCRIBE, SHOW, CREATE VIEW, CREATE TABLE AS, DROP and SET timezone.',
  )
}

const unsupportedStatements: Readonly<Record<string, string>> = {
  CreateStmt: 'CREATE TABLE without AS',
  InsertStmt: 'INSERT',
  UpdateStmt: 'UPDATE',
  DeleteStmt: 'DELETE',
  MergeStmt: 'MERGE',
  CopyStmt: 'COPY',
  TransactionStmt: 'A transaction',
}

async function bindQuery(
  select: SelectStmt,
  source: SqlText,
  catalog: Catalog,
  timezone: string,
): Promise<LogicalPlan> {
  const sources = await findSources(select, source, catalog, timezone)
  const plan = new QueryBinder(source, sources, timezone).query(select, { ctes: new Map() }, null)
  return withDistinctNames(plan)
}

/** `id`, `id_1`: rows leave a query under names that differ. */
function withDistinctNames(plan: LogicalPlan): LogicalPlan {
  const taken = new Set<string>()
  const fields = plan.schema.fields.map((f) => {
    let name = f.name
    for (let i = 1; taken.has(name.toLowerCase()); i++) name = `${f.name}_${i}`
    taken.add(name.toLowerCase())
    return name === f.name ? f : { ...f, name }
  })
  return fields.every((f, i) => f === plan.schema.fields[i]) ? plan : { ...plan, schema: { fields } }
}

/** Asks the catalogue for all tables and table functions that the query names, so that binding needs not wait. */
async function findSources(
  select: SelectStmt,
  source: SqlText,
  catalog: Catalog,
  timezone: string,
): Promise<SqlSources> {
  const tables = new Map<string, LogicalPlan>()
  const functions = new Map<Node, LogicalPlan>()
  const found: { tables: RangeVar[]; functions: RangeFunction[] } = { tables: [], functions: [] }
  collectSources(select, found)
  for (const table of found.tables) {
    const name = [table.catalogname, table.schemaname, table.relname].filter(
      (part): part is string => part !== undefined,
    )
    const key = name.join('.')
    if (tables.has(key)) continue
    const entry = await catalog.table(name)
    if (entry !== undefined) tables.set(key, planOfEntry(entry))
  }
  for (const node of found.functions) {
    const call = functionCallOf(node)
    if (call === null || !('FuncCall' in call) || listFunctionOf(call) !== null) continue
    functions.set(call, await callTableFunction(call.FuncCall, source, catalog, timezone))
  }
  return { tables, functions, tableNames: catalog.tableNames ?? [] }
}

function collectSources(tree: unknown, into: { tables: RangeVar[]; functions: RangeFunction[] }): void {
  if (typeof tree !== 'object' || tree === null) return
  for (const [key, value] of Object.entries(tree)) {
    if (key === 'RangeVar') into.tables.push(value as RangeVar)
    else if (key === 'RangeFunction') into.functions.push(value as RangeFunction)
    else collectSources(value, into)
  }
}

async function callTableFunction(
  call: FuncCall,
  source: SqlText,
  catalog: Catalog,
  timezone: string,
): Promise<LogicalPlan> {
  const name = (namesOf(call.funcname).at(-1) ?? '').toLowerCase()
  const args: Value[] = []
  const namedArgs: Record<string, Value> = {}
  for (const arg of call.args ?? []) {
    if ('NamedArgExpr' in arg) {
      namedArgs[arg.NamedArgExpr.name ?? ''] = constantOf(arg.NamedArgExpr.arg!, source, timezone)
    } else args.push(constantOf(arg, source, timezone))
  }
  const entry = await catalog.tableFunction?.(name, args, namedArgs)
  if (entry === undefined) throw unknownTableFunction(name, source.position(call.location))
  return planOfEntry(entry)
}

function constantOf(node: Node, source: SqlText, timezone: string): Value {
  const position = source.position(locationOf(node))
  const converter = new ExpressionConverter({
    text: source,
    column: () => {
      throw sqlInvalid('An argument of a table function must be a constant', position)
    },
    subquery: null,
    windows: new Map(),
  })
  return source.locate(locationOf(node), () =>
    interpret(bind(converter.convert(node), { fields: [] }, { timezone }), [], { ...utcContext, timezone }),
  )
}
