import {
  aggregateRegistry,
  derivedRegistry,
  functionRegistry,
  requireTimezone,
  windowRegistry,
} from '@deltaworks/expression'
import { boolean, field, nearest, schema, string, typeName, type Schema } from '@deltaworks/schema'
import type {
  CreateTableAsStmt,
  DropStmt,
  ExplainStmt,
  RangeVar,
  SelectStmt,
  VariableSetStmt,
  ViewStmt,
} from 'libpg-query'
import { sqlInvalid, sqlUnsupported } from '../errors.js'
import { describedColumns } from '../describe-columns.js'
import type { LogicalPlan } from '../logical-plan.js'
import { columnsNamed, projectionNode, valuesNode } from '../plan-node.js'
import type { Catalog } from './catalog.js'
import type { SqlText } from './sql-text.js'
import type { Statement } from './statement.js'
import { kindOf, locationOf, namesOf, type Node } from './syntax-tree.js'

/** What binding a statement needs beside it. */
export interface StatementContext {
  readonly text: SqlText
  readonly catalog: Catalog
  query(select: SelectStmt): Promise<LogicalPlan>
}

const nameOf = (of: RangeVar | undefined): readonly string[] =>
  [of?.catalogname, of?.schemaname, of?.relname].filter((part): part is string => part !== undefined)

export async function explainStatement(stmt: ExplainStmt, context: StatementContext): Promise<Statement> {
  if (stmt.query === undefined || !('SelectStmt' in stmt.query))
    throw sqlUnsupported('EXPLAIN of anything but a query', null)
  const options = new Map(
    (stmt.options ?? []).flatMap((node) =>
      'DefElem' in node ? [[node.DefElem.defname ?? '', optionText(node.DefElem.arg)] as const] : [],
    ),
  )
  const isOn = (name: string) => options.has(name) && !['false', 'off', '0'].includes(options.get(name)!)
  const plan = await context.query(stmt.query.SelectStmt)
  if (isOn('describe')) return { kind: 'query', plan: columnsTable(plan.schema) }
  if (isOn('summarize')) return { kind: 'query', plan: describedColumns(plan) }
  const format = options.get('format')?.toLowerCase() ?? 'text'
  if (format !== 'json' && format !== 'text')
    throw sqlInvalid(`EXPLAIN has the formats text and json, but not ${format}`, null)
  return { kind: 'explain', plan, analyze: isOn('analyze'), verbose: isOn('verbose'), format }
}

const optionText = (arg: Node | undefined): string =>
  arg === undefined
    ? 'true'
    : 'String' in arg
      ? (arg.String.sval ?? '')
      : 'Boolean' in arg
        ? String(arg.Boolean.boolval ?? false)
        : 'Integer' in arg
          ? String(arg.Integer.ival ?? 0)
          : ''

/** DESCRIBE: the columns with their types. */
function columnsTable({ fields }: Schema): LogicalPlan {
  const columns = schema([
    field('column_name', string, false),
    field('data_type', string, false),
    field('nullable', boolean, false),
  ])
  return valuesNode(
    columns,
    fields.map((f) => [f.name, typeName(f.type), f.nullable]),
  )
}

/** SHOW FUNCTIONS: every function that there is, by name. */
function functionsTable(): LogicalPlan {
  const all = [...functionRegistry, ...aggregateRegistry, ...derivedRegistry, ...windowRegistry]
  const columns = ['name', 'kind', 'family', 'signature', 'meaning', 'aliases'].map((name) =>
    field(name, string, false),
  )
  const rows = all
    .map(({ name, kind, family, signature, doc, aliases }) => [name, kind, family, signature, doc, aliases.join(', ')])
    .sort(([a], [b]) => (a! < b! ? -1 : 1))
  return valuesNode(schema(columns), rows)
}

const shown = ['functions', 'tables', 'timezone']

/** SHOW functions, tables, timezone. */
export function showStatement(name: string, timezone: string, { catalog }: StatementContext): Statement {
  switch (name.toLowerCase()) {
    case 'functions':
      return { kind: 'query', plan: functionsTable() }
    case 'tables': {
      const names = [...(catalog.tableNames ?? [])].sort()
      return {
        kind: 'query',
        plan: valuesNode(
          schema([field('table_name', string, false)]),
          names.map((table) => [table]),
        ),
      }
    }
    case 'timezone':
      return { kind: 'query', plan: valuesNode(schema([field('timezone', string, false)]), [[timezone]]) }
    default:
      throw sqlUnsupported(
        `SHOW ${name}${nearest(name, shown)}`,
        null,
        'There are SHOW TABLES, SHOW FUNCTIONS, SHOW COLUMNS FROM and SHOW TIMEZONE.',
      )
  }
}

export async function viewStatement(
  { view, query, aliases, replace }: ViewStmt,
  context: StatementContext,
): Promise<Statement> {
  if (query === undefined || !('SelectStmt' in query)) throw sqlUnsupported('A view of anything but a query', null)
  const plan = await context.query(query.SelectStmt)
  const names = namesOf(aliases)
  if (names.length > plan.schema.fields.length) {
    throw sqlInvalid(`The view has ${plan.schema.fields.length} column(s), but ${names.length} names are given`, null)
  }
  const columns = columnsNamed(plan).map(({ name, of }, i) => ({ name: names[i] ?? name, of }))
  const named = names.length === 0 ? plan : projectionNode(plan, columns)
  return { kind: 'create_view', name: nameOf(view), plan: named, orReplace: replace === true }
}

export async function createTableStatement(stmt: CreateTableAsStmt, context: StatementContext): Promise<Statement> {
  const { query, into, objtype, if_not_exists: ifNotExists } = stmt
  if (objtype === 'OBJECT_MATVIEW')
    throw sqlUnsupported('A materialized view', context.text.position(locationOf({ CreateTableAsStmt: stmt })))
  if (query === undefined || !('SelectStmt' in query)) throw sqlUnsupported('A table of anything but a query', null)
  const orReplace = (into?.options ?? []).some((node) => 'DefElem' in node && node.DefElem.defname === 'or_replace')
  return {
    kind: 'create_table',
    name: nameOf(into?.rel),
    plan: await context.query(query.SelectStmt),
    orReplace,
    ifNotExists: ifNotExists === true,
  }
}

export function dropStatement({ objects, removeType, missing_ok: ifExists }: DropStmt): Statement {
  if (removeType !== 'OBJECT_TABLE' && removeType !== 'OBJECT_VIEW') {
    throw sqlUnsupported(`DROP of ${String(removeType).replace('OBJECT_', '').toLowerCase()}`, null)
  }
  const names = (objects ?? []).map((node) => ('List' in node ? namesOf(node.List.items) : []))
  return { kind: 'drop', names, ifExists: ifExists === true }
}

/** SET timezone = 'Europe/Berlin', SET TIME ZONE …. @throws for another setting */
export function setStatement({ name = '', args = [], kind }: VariableSetStmt): Statement {
  if (name.toLowerCase() !== 'timezone') {
    throw sqlUnsupported(`SET ${name}`, null, "There is one setting: SET timezone = 'Europe/Berlin'.")
  }
  const [arg] = args
  const value = arg !== undefined && 'A_Const' in arg && 'sval' in arg.A_Const ? (arg.A_Const.sval?.sval ?? '') : null
  if (kind === 'VAR_SET_DEFAULT' || kind === 'VAR_RESET') return { kind: 'set', name: 'timezone', value: 'UTC' }
  if (value === null)
    throw sqlInvalid(`A time zone is a text, but this is ${arg === undefined ? 'nothing' : kindOf(arg)}`, null)
  return { kind: 'set', name: 'timezone', value: requireTimezone(value) }
}
