import { columnsOf } from '@deltaworks/expression'
import {
  columnMappingMode,
  readEverything,
  schemaToJson,
  withSchema,
  type Metadata,
  type Snapshot,
} from '@deltaworks/delta-log'
import type { LogicalPlan } from '@deltaworks/plan'
import { fieldIndex, typeName, typesEqual, type DataType, type Field, type Json, type Schema } from '@deltaworks/schema'
import { clusteringColumns } from '../../clustering.js'
import { DeltaTableProvider } from '../../delta-table-provider.js'
import { badAlteration, nullInRequired } from '../../errors.js'
import type { OperationContext, OperationResult } from '../../operation-context.js'
import { columnAt, filterOf, isNotNull, not, scanOf } from '../../plan-nodes.js'
import { runOptions } from '../../run-options.js'
import { defaultsTo } from '../../write/column-rules.js'
import { bindExpressionText } from '../../write/expression-text.js'
import { tableRules } from '../../write/table-rules.js'
import type { WriteOptions } from '../../write/write-options.js'
import { alterTable, type Alteration } from './alter-table.js'
import { fieldAt, pathOf, withField, withoutField, withSiblings, type FieldPath } from './schema-path.js'
import { areAllowed, typeChangesBetween, withTypeChanges } from './type-widening.js'

/** Where new columns come. */
export interface ColumnPlace {
  /** Dotted path of the struct that gets the columns; default the table. */
  readonly into?: string
  /** They come before all others. */
  readonly first?: boolean
  /** They come behind this one. */
  readonly after?: string
}
export type AddColumnOptions = WriteOptions & ColumnPlace

/** A new column with a place of its own. */
export interface PlacedColumn extends ColumnPlace {
  readonly field: Field
}

/** Columns that come together, at one place. */
export const placedTogether = (columns: readonly Field[], { into, first, after }: ColumnPlace): PlacedColumn[] =>
  columns.map((field, i) => ({
    field,
    ...(into !== undefined && { into }),
    ...(i > 0 && (first === true || after !== undefined)
      ? { after: columns[i - 1]!.name }
      : { ...(first === true && { first }), ...(after !== undefined && { after }) }),
  }))

/** ALTER TABLE … ADD COLUMNS: null in every row that there is. One commit. @throws DeltaTableError DW-TABLE-0020 */
export function addColumns(
  context: OperationContext,
  snapshot: Snapshot,
  columns: readonly PlacedColumn[],
  options: WriteOptions,
): Promise<OperationResult | null> {
  const table = context.location.uri
  return alterTable(context, snapshot, options, (base) => {
    const schema = columns.reduce((grown, column) => withColumn(table, grown, column), base.schema)
    const described = columns.map(({ field }) => ({ column: fieldJson(field) }))
    return Promise.resolve({
      ...withSchema(base.metadata, schema),
      name: 'ADD COLUMNS',
      parameters: { columns: JSON.stringify(described) },
    })
  })
}

function withColumn(table: string, schema: Schema, { field: column, into, first, after }: PlacedColumn): Schema {
  const parent: FieldPath = into === undefined ? [] : pathOf(into)
  if (parent.length > 0 && fieldAt(schema, parent)?.type.kind !== 'struct') {
    throw badAlteration(table, `Column ${into!}`, 'it is no struct of the table')
  }
  if (fieldAt(schema, [...parent, column.name]) !== null) {
    throw badAlteration(table, `Column ${column.name}`, 'there is one of this name')
  }
  if (!column.nullable) throw badAlteration(table, `Column ${column.name}`, 'a new column must be nullable')
  for (const key of ['CURRENT_DEFAULT', 'delta.generationExpression', 'delta.identity.start']) {
    if (column.metadata !== undefined && key in column.metadata) {
      throw badAlteration(table, `Column ${column.name}`, 'rows that are there could not have its values')
    }
  }
  return withSiblings(schema, [...parent, ''], (siblings) => {
    if (first === true) return [column, ...siblings]
    if (after === undefined) return [...siblings, column]
    const at = siblings.findIndex((f) => f.name.toLowerCase() === after.toLowerCase())
    if (at < 0) throw badAlteration(table, `Column ${after}`, 'there is none of this name')
    return [...siblings.slice(0, at + 1), column, ...siblings.slice(at + 1)]
  })
}

const fieldJson = (of: Field): Json => (schemaToJson({ fields: [of] })['fields'] as readonly Json[])[0]!

/** ALTER TABLE … RENAME COLUMN: needs column mapping, touches no file. @throws DeltaTableError DW-TABLE-0020 */
export function renameColumn(
  context: OperationContext,
  snapshot: Snapshot,
  from: string,
  to: string,
  options: WriteOptions,
): Promise<OperationResult | null> {
  const table = context.location.uri
  return alterTable(context, snapshot, options, async (base) => {
    const path = pathOf(from)
    const known = await requireFree(table, base, path, false)
    const target = [...path.slice(0, -1), to]
    if (to.toLowerCase() !== known.name.toLowerCase() && fieldAt(base.schema, target) !== null) {
      throw badAlteration(table, `Column ${from}`, `there is a column ${target.join('.')} already`)
    }
    const schema = withField(base.schema, path, (f) => ({ ...f, name: to }))
    const isPartition = (name: string): boolean => path.length === 1 && name === known.name
    const metadata: Metadata = {
      ...withStatisticsColumns(base.metadata, path, target),
      partitionColumns: base.partitionColumns.map((name) => (isPartition(name) ? to : name)),
    }
    return {
      ...withSchema(metadata, schema),
      name: 'RENAME COLUMN',
      parameters: { oldColumnPath: path.join('.'), newColumnPath: target.join('.') },
    }
  })
}

/** ALTER TABLE … DROP COLUMNS: needs column mapping, touches no file. @throws DeltaTableError DW-TABLE-0020 */
export function dropColumns(
  context: OperationContext,
  snapshot: Snapshot,
  columns: readonly string[],
  options: WriteOptions,
): Promise<OperationResult | null> {
  const table = context.location.uri
  return alterTable(context, snapshot, options, async (base) => {
    let { schema } = base
    let { metadata } = base
    for (const column of columns) {
      const path = pathOf(column)
      const known = await requireFree(table, { ...base, schema }, path, true)
      if (clusteringColumns(base)?.some((name) => isWithin(name, path)) === true) {
        throw badAlteration(table, `Column ${column}`, 'the table is clustered by it')
      }
      if (path.length === 1 && base.partitionColumns.includes(known.name)) {
        throw badAlteration(table, `Column ${column}`, 'the table is partitioned by it')
      }
      schema = withoutField(schema, path)
      metadata = withStatisticsColumns(metadata, path, null)
      const parent = path.length === 1 ? schema.fields : structFields(fieldAt(schema, path.slice(0, -1))?.type)
      const stored = parent.filter((f) => path.length > 1 || !base.partitionColumns.includes(f.name))
      if (stored.length === 0) throw badAlteration(table, `Column ${column}`, 'no other column would remain beside it')
    }
    return {
      ...withSchema(metadata, schema),
      name: 'DROP COLUMNS',
      parameters: { columns: JSON.stringify(columns) },
    }
  })
}

const isWithin = (dotted: string, path: FieldPath): boolean =>
  `${dotted.toLowerCase()}.`.startsWith(`${path.join('.').toLowerCase()}.`)

const structFields = (type: DataType | undefined): readonly Field[] => (type?.kind === 'struct' ? type.fields : [])

/** The field of a column that mapping frees from its name in the files, and no expression of the table refers to. */
async function requireFree(table: string, base: Snapshot, path: FieldPath, isDropped: boolean): Promise<Field> {
  const known = fieldAt(base.schema, path)
  const subject = `Column ${path.join('.')}`
  if (known === null) throw badAlteration(table, subject, 'there is none of this name')
  if (columnMappingMode(base.metadata) === 'none') {
    throw badAlteration(table, subject, 'its files know it by its name; set delta.columnMapping.mode to "name" first')
  }
  const rules = await tableRules(table, base.metadata, base.schema)
  const top = fieldIndex(base.schema, path[0]!)
  const isOwn = (name: string): boolean => name === base.schema.fields[top]!.name
  const user = rules.checks.find(({ predicate, kind, name }) => {
    // A generation expression does not name its own column; an invariant does, and goes with it.
    if (isOwn(name) && (kind === 'generated column' || (kind === 'column invariant' && isDropped))) return false
    return columnsOf(predicate).includes(top)
  })
  if (user !== undefined) throw badAlteration(table, subject, `the ${user.kind} ${user.name} (${user.text}) uses it`)
  return known
}

const statisticsKey = 'delta.dataSkippingStatsColumns'

function withStatisticsColumns(metadata: Metadata, from: FieldPath, to: FieldPath | null): Metadata {
  const text = metadata.configuration[statisticsKey]
  if (text === undefined) return metadata
  const names = text.split(',').flatMap((name): string[] => {
    const path = pathOf(name.trim())
    if (!from.every((step, i) => path[i]?.toLowerCase() === step.toLowerCase())) return [name.trim()]
    return to === null ? [] : [[...to, ...path.slice(to.length)].join('.')]
  })
  return { ...metadata, configuration: { ...metadata.configuration, [statisticsKey]: names.join(',') } }
}

/** What is to change; what is not named stays. */
export interface ColumnChange {
  /** A wider type; the table must have `delta.enableTypeWidening`. */
  readonly type?: DataType
  /** false is found true of every row first. */
  readonly nullable?: boolean
  /** null takes it away. */
  readonly comment?: string | null
  /** SQL; null takes it away. Holds for rows that are written from then on. */
  readonly default?: string | null
  readonly first?: boolean
  readonly after?: string
}

/** ALTER TABLE … ALTER COLUMN. @throws DeltaTableError DW-TABLE-0004, 0017, 0020 */
export function alterColumn(
  context: OperationContext,
  snapshot: Snapshot,
  column: string,
  change: ColumnChange,
  options: WriteOptions,
): Promise<OperationResult | null> {
  const table = context.location.uri
  return alterTable(context, snapshot, options, async (base): Promise<Alteration | null> => {
    const path = pathOf(column)
    const known = fieldAt(base.schema, path)
    if (known === null) throw badAlteration(table, `Column ${column}`, 'there is none of this name')
    let next = known
    if (change.type !== undefined && !typesEqual(change.type, known.type)) {
      next = await widened(table, base, path, next, change.type)
    }
    const tightened = change.nullable === false && known.nullable
    if (tightened) await requireNoNulls(context, base, path, options)
    if (change.nullable !== undefined) next = { ...next, nullable: change.nullable }
    if (change.comment !== undefined) next = withMetadata(next, 'comment', change.comment)
    if (change.default !== undefined) {
      if (change.default !== null) {
        await bindExpressionText(table, `default of column ${column}`, change.default, { fields: [] })
      }
      const text = change.default === null ? null : (defaultsTo(change.default)['CURRENT_DEFAULT'] as string)
      next = withMetadata(next, 'CURRENT_DEFAULT', text)
    }
    const replaced = withField(base.schema, path, () => next)
    const schema = change.first === true || change.after !== undefined ? moved(table, replaced, path, change) : replaced
    const changed = withSchema(base.metadata, schema)
    if (changed.metadata.schemaString === base.metadata.schemaString) return null
    return {
      ...changed,
      ...(tightened && { reads: readEverything }),
      name: 'CHANGE COLUMN',
      parameters: { column: JSON.stringify(fieldJson(next)) },
    }
  })
}

function withMetadata(of: Field, key: string, value: string | null): Field {
  const { [key]: _, ...others } = of.metadata ?? {}
  return { ...of, metadata: value === null ? others : { ...others, [key]: value } }
}

async function widened(table: string, base: Snapshot, path: FieldPath, of: Field, type: DataType): Promise<Field> {
  const subject = `Column ${path.join('.')}`
  const changes = typeChangesBetween(of.type, type)
  if (changes === null || !areAllowed(changes)) {
    throw badAlteration(table, subject, `${typeName(of.type)} cannot become ${typeName(type)} without reading files`)
  }
  const isVoid = changes.every(({ from }) => from.kind === 'null')
  if (!isVoid && base.metadata.configuration['delta.enableTypeWidening']?.toLowerCase() !== 'true') {
    throw badAlteration(table, subject, 'its type may only change with delta.enableTypeWidening')
  }
  if (path.length === 1 && base.partitionColumns.includes(of.name)) return withTypeChanges(of, type, changes)
  const rules = await tableRules(table, base.metadata, base.schema)
  const top = fieldIndex(base.schema, path[0]!)
  const user = rules.checks.find(({ predicate }) => columnsOf(predicate).includes(top))
  if (user !== undefined) throw badAlteration(table, subject, `the ${user.kind} ${user.name} (${user.text}) uses it`)
  return withTypeChanges(of, type, changes)
}

async function requireNoNulls(
  context: OperationContext,
  base: Snapshot,
  path: FieldPath,
  options: WriteOptions,
): Promise<void> {
  const table = context.location.uri
  if (path.length > 1) throw badAlteration(table, `Column ${path.join('.')}`, 'only whole columns become NOT NULL')
  const index = fieldIndex(base.schema, path[0]!)
  const nulls = filterOf(scanOf(new DeltaTableProvider(base)), not(isNotNull(columnAt(base.schema, index))))
  const one: LogicalPlan = { kind: 'limit', input: nulls, skip: 0, fetch: 1, schema: nulls.schema }
  const { rows } = await context.session.collect(one, runOptions(options))
  if (rows.length > 0) throw nullInRequired(table, path[0]!, rows.length)
}

function moved(table: string, of: Schema, path: FieldPath, { first, after }: ColumnChange): Schema {
  return withSiblings(of, path, (siblings) => {
    const own = siblings.find((f) => f.name.toLowerCase() === path.at(-1)!.toLowerCase())!
    const others = siblings.filter((f) => f !== own)
    if (first === true) return [own, ...others]
    const at = others.findIndex((f) => f.name.toLowerCase() === after!.toLowerCase())
    if (at < 0) throw badAlteration(table, `Column ${after!}`, 'there is none of this name')
    return [...others.slice(0, at + 1), own, ...others.slice(at + 1)]
  })
}
