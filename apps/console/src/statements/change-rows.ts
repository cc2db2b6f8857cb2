import type { DeltaTable, MergeOptions, MergeValues } from '@deltaworks/delta-table'
import { bind, type Expression } from '@deltaworks/expression'
import { parseExpression, projectionNode, scan, type LogicalPlan } from '@deltaworks/plan'
import { fieldIndex, isNumeric, typeName, typesEqual, type DataType, type Field } from '@deltaworks/schema'
import type { DeleteFrom, InsertInto, MergeClause, MergeInto, UpdateTable } from './delta-statement.js'
import { sqlProblem } from './sql-problem.js'
import { tokensOf, withPostgresNames } from './sql-tokens.js'
import { countsResult, type StatementResult } from './statement-result.js'
import type { TableCatalog } from './table-catalog.js'
import type { TableName } from './token-reader.js'

/** A predicate or value; aliases of tables become the qualifiers that they stand for. */
export function expressionIn(text: string, qualifiers: Readonly<Record<string, string>> = {}): Promise<Expression> {
  const edits: { start: number; end: number; text: string }[] = []
  const tokens = tokensOf(text)
  tokens.forEach((token, i) => {
    const isQualifier = token.kind !== 'symbol' && tokens[i + 1]?.text === '.' && tokens[i - 1]?.text !== '.'
    const meant = isQualifier ? qualifiers[token.text.toLowerCase()] : undefined
    if (meant === undefined) return
    // An empty qualifier takes the dot with it.
    const end = meant === '' ? tokens[i + 1]!.end : token.end
    edits.push({ start: token.start, end, text: meant })
  })
  const qualified = edits.reduceRight((result, e) => result.slice(0, e.start) + e.text + result.slice(e.end), text)
  return parseExpression(withPostgresNames(qualified))
}

/** The names under which one table may be called in its own statement. */
function ownNames(table: TableName, alias: string | null, meaning: string): Record<string, string> {
  if (alias !== null) return { [alias.toLowerCase()]: meaning }
  return 'parts' in table ? { [table.parts.at(-1)!.toLowerCase()]: meaning } : {}
}

export async function insertRows(catalog: TableCatalog, statement: InsertInto): Promise<StatementResult> {
  const table = await catalog.open(statement.table)
  const source = await catalog.plan(withDefaults(statement, table))
  const rows = await fitted(statement, table, source)
  const settings = { mergeSchema: statement.mergeSchema }
  const fixed = statement.partition.filter(([, value]) => value !== null)
  let after: DeltaTable
  if (statement.replaceWhere !== null) {
    after = await table.overwrite(rows, { ...settings, replaceWhere: await expressionIn(statement.replaceWhere) })
  } else if (statement.replaceUsing !== null) {
    after = await table.overwrite(rows, { ...settings, replaceUsing: statement.replaceUsing })
  } else if (!statement.overwrite) after = await table.append(rows, settings)
  else if (statement.partition.length === 0) after = await table.overwrite(rows, settings)
  else if (fixed.length < statement.partition.length) {
    after = await table.overwrite(rows, { ...settings, partitionOverwrite: 'dynamic' })
  } else {
    const text = fixed.map(([column, value]) => `"${column}" = ${value!}`).join(' and ')
    after = await table.overwrite(rows, { ...settings, replaceWhere: await expressionIn(text) })
  }
  const { rowsWritten } = after.lastWrite
  return countsResult({ num_affected_rows: rowsWritten, num_inserted_rows: rowsWritten })
}

/** DEFAULT in a row of VALUES, as the expression that it stands for. */
function withDefaults(statement: InsertInto, table: DeltaTable): string {
  const { source } = statement
  const tokens = tokensOf(source)
  if (tokens[0]?.kind !== 'word' || tokens[0].text.toUpperCase() !== 'VALUES') return source
  const columns = statement.columns ?? table.schema.fields.map(({ name }) => name)
  const edits: { start: number; end: number; text: string }[] = []
  let depth = 0
  let at = 0
  for (const token of tokens) {
    if (token.kind === 'symbol' && (token.text === '(' || token.text === '[')) {
      if (depth++ === 0) at = 0
    } else if (token.kind === 'symbol' && (token.text === ')' || token.text === ']')) depth--
    else if (token.kind === 'symbol' && token.text === ',' && depth === 1) at++
    else if (token.kind === 'word' && token.text.toUpperCase() === 'DEFAULT' && depth === 1) {
      const column = table.schema.fields[fieldIndex(table.schema, columns[at] ?? '')]
      const text = column?.metadata?.['CURRENT_DEFAULT']
      edits.push({ start: token.start, end: token.end, text: typeof text === 'string' ? `(${text})` : 'NULL' })
    }
  }
  return edits.reduceRight((result, e) => result.slice(0, e.start) + e.text + result.slice(e.end), source)
}

/** The query's columns under the names of the table's, by position or name, cast as an assignment casts. */
async function fitted(statement: InsertInto, table: DeltaTable, source: LogicalPlan): Promise<LogicalPlan> {
  const fixed = statement.partition.filter((entry): entry is readonly [string, string] => entry[1] !== null)
  const isFixed = (name: string): boolean => fixed.some(([column]) => column.toLowerCase() === name.toLowerCase())
  const all = statement.columns ?? table.schema.fields.map(({ name }) => name).filter((name) => !isFixed(name))
  const names = statement.byName ? source.schema.fields.map(({ name }) => name) : all
  const found = source.schema.fields.length
  const shown = 'path' in statement.table ? statement.table.path : statement.table.parts.join('.')
  const isWider = statement.mergeSchema && found > names.length
  if (found !== names.length && !isWider) {
    throw sqlProblem(
      `The rows for ${shown} have ${found} columns, but ${names.length} are expected (${names.join(', ')})`,
    )
  }
  const columns = source.schema.fields.map((given, i) => {
    const name = names[i] ?? given.name
    const target = table.schema.fields[fieldIndex(table.schema, name)]
    const column = { kind: 'column', index: i, name: given.name, type: given.type, nullable: given.nullable } as const
    if (target === undefined || !isCast(given.type, target.type)) return { name, of: column }
    requireAssignable(name, given, target)
    const cast = { kind: 'cast', input: column, type: target.type, lenient: false, nullable: given.nullable } as const
    return { name: target.name, of: cast }
  })
  const constants = await Promise.all(
    fixed.map(async ([column, text]) => {
      const target = table.schema.fields[fieldIndex(table.schema, column)]
      if (target === undefined) throw sqlProblem(`${shown} has no partition column ${column}`)
      const value = bind(await expressionIn(text), { fields: [] })
      return {
        name: target.name,
        of: { kind: 'cast', input: value, type: target.type, lenient: false, nullable: value.nullable } as const,
      }
    }),
  )
  return projectionNode(source, [...columns, ...constants])
}

const isCast = (from: DataType, to: DataType): boolean =>
  !typesEqual(from, to) && from.kind !== 'null' && !['struct', 'list', 'map', 'variant'].includes(to.kind)

/** ANSI store assignment: between numbers, from dates to timestamps, from anything simple to text. */
function requireAssignable(column: string, { type: from }: Field, { type: to }: Field): void {
  const isTime = (type: DataType): boolean => ['date', 'timestamp', 'timestamp_ntz'].includes(type.kind)
  const allowed =
    (isNumeric(from) && isNumeric(to)) ||
    (isTime(from) && isTime(to)) ||
    (to.kind === 'string' && from.kind !== 'binary') ||
    (from.kind === 'string' && to.kind === 'binary')
  if (!allowed)
    throw sqlProblem(`Column ${column} is ${typeName(to)}; ${typeName(from)} is not assigned to it without a cast`)
}

export async function updateRows(catalog: TableCatalog, statement: UpdateTable): Promise<StatementResult> {
  const table = await catalog.open(statement.table)
  const own = ownNames(statement.table, statement.alias, '')
  const set: Record<string, Expression> = {}
  for (const [column, value] of statement.set)
    set[withoutQualifier(column, own)] = await valueIn(table, column, value, own)
  const after = await table.update(set, statement.where === null ? null : await expressionIn(statement.where, own))
  return countsResult({ num_affected_rows: after.lastWrite.metrics['numUpdatedRows'] ?? 0 })
}

const withoutQualifier = (column: string, own: Readonly<Record<string, string>>): string => {
  const dot = column.indexOf('.')
  return dot > 0 && own[column.slice(0, dot).toLowerCase()] !== undefined ? column.slice(dot + 1) : column
}

/** An assigned value; DEFAULT is the column's own. */
async function valueIn(
  table: DeltaTable,
  column: string,
  text: string,
  qualifiers: Readonly<Record<string, string>>,
): Promise<Expression> {
  if (text.trim().toUpperCase() !== 'DEFAULT') return expressionIn(text, qualifiers)
  const default_ = table.schema.fields[fieldIndex(table.schema, column)]?.metadata?.['CURRENT_DEFAULT']
  return expressionIn(typeof default_ === 'string' ? default_ : 'null')
}

export async function deleteRows(catalog: TableCatalog, statement: DeleteFrom): Promise<StatementResult> {
  const table = await catalog.open(statement.table)
  const own = ownNames(statement.table, statement.alias, '')
  const after = await table.delete(statement.where === null ? null : await expressionIn(statement.where, own))
  return countsResult({ num_affected_rows: after.lastWrite.metrics['numDeletedRows'] ?? 0 })
}

export async function truncateTable(catalog: TableCatalog, name: TableName): Promise<StatementResult> {
  const after = await (await catalog.open(name)).delete(null)
  return countsResult({ num_affected_rows: after.lastWrite.metrics['numDeletedRows'] ?? 0 })
}

export async function mergeRows(catalog: TableCatalog, statement: MergeInto): Promise<StatementResult> {
  const table = await catalog.open(statement.table)
  const source =
    'query' in statement.source
      ? await catalog.plan(statement.source.query)
      : await sourceTable(catalog, statement.source)
  const qualifiers = {
    ...('query' in statement.source ? {} : ownNames(statement.source, null, 'source')),
    ...ownNames(statement.table, statement.alias, 'target'),
    ...(statement.sourceAlias !== null && { [statement.sourceAlias.toLowerCase()]: 'source' }),
  }
  const clauses = (on: MergeClause['on']) => statement.clauses.filter((clause) => clause.on === on)
  const condition = async ({ condition: text }: MergeClause) =>
    text === null ? {} : { condition: await expressionIn(text, qualifiers) }
  const values = async (given: readonly (readonly [string, string])[] | null): Promise<MergeValues> => {
    if (given === null) return 'all'
    const set: Record<string, Expression> = {}
    for (const [column, value] of given) {
      set[withoutQualifier(column, qualifiers)] = await valueIn(table, column, value, qualifiers)
    }
    return set
  }
  const changing = (on: MergeClause['on']) =>
    Promise.all(
      clauses(on).map(async (clause) =>
        clause.action.kind === 'update'
          ? { kind: 'update' as const, ...(await condition(clause)), set: await values(clause.action.set) }
          : { kind: 'delete' as const, ...(await condition(clause)) },
      ),
    )
  const options: MergeOptions = {
    source,
    on: await expressionIn(statement.condition, qualifiers),
    whenMatched: await changing('matched'),
    whenNotMatchedBySource: await changing('not-matched-by-source'),
    whenNotMatchedInsert: await Promise.all(
      clauses('not-matched').map(async (clause) => ({
        ...(await condition(clause)),
        values: await values(clause.action.kind === 'insert' ? clause.action.values : null),
      })),
    ),
    mergeSchema: statement.mergeSchema,
  }
  const { metrics } = (await table.merge(options)).lastWrite
  const [updated, deleted, inserted] = ['Updated', 'Deleted', 'Inserted'].map(
    (what) => metrics[`numTargetRows${what}`] ?? 0,
  )
  return countsResult({
    num_affected_rows: updated! + deleted! + inserted!,
    num_updated_rows: updated!,
    num_deleted_rows: deleted!,
    num_inserted_rows: inserted!,
  })
}

async function sourceTable(catalog: TableCatalog, name: TableName): Promise<LogicalPlan> {
  const text =
    'path' in name ? `delta."${name.path.replaceAll('"', '""')}"` : name.parts.map((part) => `"${part}"`).join('.')
  return 'path' in name ? scan((await catalog.open(name)).provider()).plan : catalog.plan(`select * from ${text}`)
}
