import type { DataFrame } from '@deltaworks/plan'
import type { AnyFrame } from './any-frame.js'
import type { Rule, TableRules } from '@deltaworks/quality'
import { field, schema, type Field, type Json, type Schema } from '@deltaworks/schema'
import type { Column, Columns } from './column-definition.js'
import { invalidDefinition } from './errors.js'
import type { RetryPolicy } from './runs/retry-step.js'
import { rescuedColumn, rescues, type AuditDetail, type SourceDefinition } from './source-definition.js'
import type { AuditColumn, Fits, LandedFrame, TableFrame } from './table-frame.js'
import type { WriteMode } from './write-mode.js'

export type Layer = 'raw' | 'processed' | 'analytics'

/** What a build gets besides its input tables. */
export interface BuildContext<Configuration> {
  readonly configuration: Configuration
  /** The run's clock, pinned: microseconds since the epoch, UTC. A replay with the same clock gives equal tables. */
  readonly nowMicros: bigint
}

export interface Maintenance {
  readonly optimize: boolean
  readonly zorderBy: readonly string[]
  readonly vacuumRetentionHours: number
  /** Columns of the usual filters, for which savings are told; default the columns of `zorderBy`. */
  readonly filterBy: readonly string[]
  /** Small files from which on it is worth to put them together. Default 5. */
  readonly compactFrom: number
  /** Share of the bytes that may be out of order before rows are ordered again. Default 0.1. */
  readonly unorderedShare: number
  /** Commits behind the last checkpoint from which on another is written. Default 10. */
  readonly checkpointFrom: number
}

export interface WarehouseLayout {
  readonly distKey: string | null
  readonly sortKey: readonly string[]
}

/** Definitions of the tables that a build reads, by the names it calls them. They are the lineage. */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type
export type Inputs = Readonly<Record<string, TableDefinition>> | {}

/** What a build reads: frames of its inputs, by name. */
export type InputFrames<I> = { readonly [K in keyof I]: TableFrame<I[K]> }

export interface TableSpecification<
  C extends Columns,
  I extends Inputs,
  Configuration,
  S extends SourceDefinition | undefined = SourceDefinition | undefined,
  Built extends object = object,
> {
  /** snake_case, unique in the lakehouse; the folder is `<layer>/<name>`. */
  readonly name: string
  readonly layer: Layer
  readonly description?: string
  readonly columns: C
  readonly partitionBy?: readonly ((keyof C & string) | AuditColumn)[]
  /** Raw tables: where the rows land. `derive` adds the columns that no landing file has. */
  readonly source?: S
  readonly derive?: (landed: LandedFrame<C>, context: BuildContext<Configuration>) => AnyFrame
  /** Other tables: what they are built from, and how. A build that gives other columns, or of other types, does not compile. */
  readonly from?: I
  readonly build?: (inputs: InputFrames<I>, context: BuildContext<Configuration>) => DataFrame<Built> & Fits<Built, C>
  readonly write?: WriteMode
  /**
   * Rules on this table's rows. Those on a raw table gate what is built from it. Made with `rules`, a column that the table does
   * not have is a compile-time error: `quality: (_, { isComplete }) => [isComplete('email')]`.
   */
  readonly quality?: (
    context: BuildContext<Configuration>,
    rules: TableRules<(keyof C & string) | AuditColumn>,
  ) => readonly Rule[]
  readonly maintenance?: Partial<Maintenance>
  readonly warehouse?: Partial<WarehouseLayout> | false
  /** Other names of the table for queries and exports: `dim_calendar` for `dim_date`. */
  readonly aliases?: readonly string[]
  /** How often and how long its step is tried; what it leaves out is as the run says. */
  readonly retry?: Partial<RetryPolicy>
  /**
   * Whether it is built from what was appended to its inputs, where its query allows that: filters, projections, joins with tables
   * that stayed, unions; counts, exact sums, minima and maxima of these. The rows are those of a whole build.
   */
  readonly incremental?: boolean
}

/** One declaration from which batch, quality, maintenance, export and catalog are derived. Plain data and pure functions. */
export interface TableDefinition<
  C extends Columns = Columns,
  S extends SourceDefinition | null = SourceDefinition | null,
> {
  readonly name: string
  readonly layer: Layer
  /** `<layer>/<name>`: the table's folder under the lake's root. */
  readonly path: string
  readonly description: string | null
  readonly columns: C
  readonly schema: Schema
  readonly partitionBy: readonly string[]
  readonly source: S
  readonly derive: ((landed: DataFrame, context: BuildContext<never>) => AnyFrame) | null
  readonly from: Readonly<Record<string, TableDefinition>>
  readonly build: ((inputs: Readonly<Record<string, DataFrame>>, context: BuildContext<never>) => AnyFrame) | null
  readonly write: WriteMode
  readonly quality: ((context: BuildContext<never>, rules: TableRules<string>) => readonly Rule[]) | null
  readonly maintenance: Maintenance
  readonly warehouse: WarehouseLayout | null
  readonly primaryKey: readonly string[]
  readonly aliases: readonly string[]
  readonly retry: Partial<RetryPolicy>
  readonly incremental: boolean
}

const tableName = /^[a-z][a-z0-9_]*$/

/**
 * Declares a table.
 * @throws LakehouseError DW-LAKEHOUSE-0001 for what is wrong in itself; what depends on other tables is checked by
 * `validateLakehouse`.
 */
export function defineTable<
  C extends Columns,
  const I extends Inputs,
  Configuration,
  S extends SourceDefinition | undefined = undefined,
  Built extends object = object,
>(
  specification: TableSpecification<C, I, Configuration, S, Built>,
): TableDefinition<C, S extends SourceDefinition ? S : null> {
  const { name, layer } = specification
  const wrong = (problem: string) => invalidDefinition(name, problem)
  if (!tableName.test(name))
    throw wrong('its name must be snake_case: a lower-case letter, then letters, digits and _.')
  if ((specification.source === undefined) === (specification.build === undefined)) {
    throw wrong('it needs either a `source` (landing files) or a `build` (from other tables), and not both.')
  }
  const corrupt = specification.source?.corruptColumn ?? null
  if (corrupt !== null) {
    const facts = specification.columns[corrupt]?.facts
    if (specification.source?.malformed !== 'keep') throw wrong(`corruptColumn needs malformed: 'keep'.`)
    if (facts?.type.kind !== 'string' || !facts.nullable || !facts.derived) {
      throw wrong(`its corruptColumn "${corrupt}" must be declared as string().derived(), and may be null.`)
    }
  }
  checkSource(specification.source, wrong)
  const sourceColumns = specification.source === undefined ? [] : sourceFields(specification.source)
  const partitionBy = specification.partitionBy ?? []
  const columns = Object.fromEntries(
    Object.entries(specification.columns).map(([key, column]) => [key, column.at({ table: name, column: key })]),
  )
  for (const key of Object.keys(columns)) {
    if (!tableName.test(key)) throw wrong(`its column "${key}" must be snake_case.`)
  }
  for (const key of partitionBy) {
    const isAudit = sourceColumns.some((f) => f.name === key)
    if (columns[key] === undefined && !isAudit)
      throw wrong(`it is partitioned by "${key}", which is not one of its columns.`)
  }
  for (const key of specification.maintenance?.zorderBy ?? []) {
    if (columns[key] === undefined) throw wrong(`it is to be Z-ordered by "${key}", which is not one of its columns.`)
    if (partitionBy.includes(key)) throw wrong(`it cannot be Z-ordered by its partition column "${key}".`)
  }
  for (const key of specification.maintenance?.filterBy ?? []) {
    if (columns[key] === undefined) throw wrong(`its usual filters name "${key}", which is not one of its columns.`)
  }
  for (const { name: taken } of sourceColumns) {
    if (columns[taken] !== undefined) throw wrong(`its column "${taken}" has the name of one that ingestion adds.`)
  }
  return {
    name,
    layer,
    path: `${layer}/${name}`,
    description: specification.description ?? null,
    columns: columns as Columns as C,
    schema: schema([...Object.entries(columns).map(([key, column]) => fieldOfColumn(key, column)), ...sourceColumns]),
    partitionBy,
    source: (specification.source ?? null) as S extends SourceDefinition ? S : null,
    derive: (specification.derive ?? null) as TableDefinition['derive'],
    from: (specification.from ?? {}) as Readonly<Record<string, TableDefinition>>,
    build: (specification.build ?? null) as TableDefinition['build'],
    write: specification.write ?? { kind: specification.source === undefined ? 'overwrite' : 'append' },
    quality: (specification.quality ?? null) as TableDefinition['quality'],
    maintenance: {
      optimize: true,
      zorderBy: [],
      vacuumRetentionHours: 168,
      filterBy: specification.maintenance?.zorderBy ?? [],
      compactFrom: 5,
      unorderedShare: 0.1,
      checkpointFrom: 10,
      ...specification.maintenance,
    },
    warehouse: specification.warehouse === false ? null : { distKey: null, sortKey: [], ...specification.warehouse },
    primaryKey: Object.entries(columns)
      .filter(([, column]) => column.facts.primaryKey)
      .map(([key]) => key),
    aliases: specification.aliases ?? [],
    retry: specification.retry ?? {},
    incremental: specification.incremental ?? false,
  }
}

function fieldOfColumn(name: string, column: Column): Field {
  const { type, nullable, description, pii } = column.facts
  const metadata: Record<string, Json> = {}
  if (description !== null) metadata['comment'] = description
  if (pii !== null) metadata['deltaworks.pii'] = pii
  return field(name, type, nullable, Object.keys(metadata).length === 0 ? undefined : metadata)
}

/** What every ingested table carries besides its own columns: where a row comes from, and when it came. */
export const auditFields: readonly Field[] = [
  field('source_file', { kind: 'string' }, false),
  field('source_line', { kind: 'int64' }, false),
  field('ingestion_date', { kind: 'date' }, false),
]

/** Rows that were corrected by hand come from no file, so the checksum may be null. */
const detailFields: Readonly<Record<AuditDetail, Field>> = {
  source_checksum: field('source_checksum', { kind: 'string' }),
  ingested_at: field('ingested_at', { kind: 'timestamp' }, false),
  run_id: field('run_id', { kind: 'string' }, false),
}

/** Every column that ingestion adds to those of a definition. */
const sourceFields = (source: SourceDefinition): readonly Field[] => [
  ...auditFields,
  ...source.audit.map((detail) => detailFields[detail]),
  ...(rescues(source) ? [field(rescuedColumn, { kind: 'string' })] : []),
]

function checkSource(source: SourceDefinition | undefined, wrong: (problem: string) => Error): void {
  if (source === undefined) return
  const { format, extraColumns, retentionDays, maxMalformed, maxMalformedRows, audit } = source
  if (format === 'parquet' && extraColumns === 'rescue') {
    throw wrong(`extraColumns: 'rescue' is not for Parquet, whose columns have types; take 'add' or 'ignore'.`)
  }
  if (retentionDays !== null && !(Number.isSafeInteger(retentionDays) && retentionDays > 0)) {
    throw wrong('its retentionDays must be a whole number of days from 1.')
  }
  if (!(maxMalformed >= 0 && maxMalformed <= 1)) throw wrong('its maxMalformed must be a share from 0 to 1.')
  if (maxMalformedRows !== null && !(maxMalformedRows >= 0)) throw wrong('its maxMalformedRows must not be negative.')
  for (const detail of audit) {
    if (!Object.hasOwn(detailFields, detail)) throw wrong(`its audit column "${String(detail)}" is none.`)
  }
}
