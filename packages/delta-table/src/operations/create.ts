import { randomUUID } from 'node:crypto'
import {
  checkProperties,
  columnMappingMode,
  formatSchema,
  readNothing,
  requiredProtocol,
  rowTrackingColumns,
  withFeatures,
  withSchema,
  type Action,
  type DomainMetadata,
  type Metadata,
  type Protocol,
} from '@deltaworks/delta-log'
import type { LogicalPlan } from '@deltaworks/plan'
import { fieldIndex, fieldOf, schema as checkedSchema, type Schema } from '@deltaworks/schema'
import { clusteringAction } from '../clustering.js'
import { badPartitioning, tableExists } from '../errors.js'
import {
  commitIntent,
  fileBytesOf,
  reportOf,
  type OperationContext,
  type OperationResult,
} from '../operation-context.js'
import { planOf, type Rows } from '../table-session.js'
import { splitFeatures } from './alter/properties.js'
import { emptyReport } from '../write-report.js'
import { fitTarget, withIdentityMarks } from '../write/fit-target.js'
import { plainField } from '../write/schema-enforcement.js'
import { tableRules } from '../write/table-rules.js'
import type { TableDefinitionOptions, WriteOptions } from '../write/write-options.js'
import { discard, nothing, writeRows } from '../write/write-rows.js'

export type CreateOptions = TableDefinitionOptions & WriteOptions

interface NewTable {
  readonly metadata: Metadata
  readonly protocol: Protocol
  readonly schema: Schema
  /** The domain of a clustered table. */
  readonly domains: readonly DomainMetadata[]
}

/** @throws DeltaTableError DW-TABLE-0005, DeltaError DW-DELTA-0019, SchemaError DW-SCHEMA-0002 */
/** @param maxColumnId the greatest column id that the table ever had */
export function defineNewTable(
  table: string,
  schema: Schema,
  options: CreateOptions,
  nowMs: number,
  maxColumnId = 0,
): NewTable {
  const { properties: configuration, features } = splitFeatures(table, options.properties ?? {})
  checkProperties(configuration)
  checkedSchema(schema.fields)
  const partitionColumns = (options.partitionBy ?? []).map((name) => fieldOf(schema, name).name)
  checkPartitioning(table, schema, partitionColumns)
  const plain: Metadata = {
    kind: 'metaData',
    id: randomUUID(),
    name: options.name ?? null,
    description: options.description ?? null,
    formatProvider: 'parquet',
    formatOptions: {},
    schemaString: formatSchema(schema),
    partitionColumns,
    configuration,
    createdTimeMs: nowMs,
  }
  const numbered = maxColumnId === 0 ? plain : withMaxColumnId(plain, maxColumnId)
  const defined = withSchema(rowTrackingColumns(numbered), schema)
  const { clusterBy } = options
  if (clusterBy === undefined) {
    return { ...defined, protocol: withFeatures(requiredProtocol(schema, configuration), features), domains: [] }
  }
  const mode = columnMappingMode(defined.metadata)
  const domain = clusteringAction(table, defined.metadata, defined.schema, clusterBy, mode)
  const protocol = withFeatures(requiredProtocol(schema, configuration), [...features, 'clustering'])
  return { ...defined, protocol, domains: [domain] }
}

const withMaxColumnId = (metadata: Metadata, id: number): Metadata => ({
  ...metadata,
  configuration: { ...metadata.configuration, 'delta.columnMapping.maxColumnId': String(id) },
})

function checkPartitioning(table: string, schema: Schema, columns: readonly string[]): void {
  if (new Set(columns).size !== columns.length) throw badPartitioning(table, 'a column is named twice')
  if (columns.length > 0 && columns.length === schema.fields.length) {
    throw badPartitioning(table, 'every column is a partition column, so no file would have a column')
  }
  for (const name of columns) {
    const { kind } = schema.fields[fieldIndex(schema, name)]!.type
    if (kind === 'list' || kind === 'map' || kind === 'struct' || kind === 'variant' || kind === 'null') {
      throw badPartitioning(table, `${name} is of type ${kind}, which has no text form`)
    }
  }
}

/**
 * Makes a table, with its first rows in the same commit if there are any: one put, version 0.
 * @throws DeltaTableError DW-TABLE-0011 if there is a table already
 */
export async function createTable(
  context: OperationContext,
  rows: Rows | null,
  options: CreateOptions,
): Promise<OperationResult> {
  const { location } = context
  const nowMs = options.nowMs ?? Date.now()
  const plan: LogicalPlan | null = rows === null ? null : planOf(rows)
  const schema = options.schema ?? { fields: plan?.schema.fields.map(plainField) ?? [] }
  const table = defineNewTable(location.uri, schema, options, nowMs)
  // Says what is wrong with a table's expressions before there is a row.
  await tableRules(location.uri, table.metadata, table.schema)
  const target = { session: context.session, location, ...table }
  const fitted = plan === null ? null : await fitTarget(location.uri, table.metadata, table.schema, plan, false)
  const written =
    fitted === null
      ? nothing
      : await writeRows(target, fitted.plan, {
          targetFileBytes: fileBytesOf(table.metadata, options),
          nowMs,
          ...(options.signal !== undefined && { signal: options.signal }),
        })
  const metrics = { numFiles: written.adds.length, numOutputRows: written.rowCount, numOutputBytes: written.sizeBytes }
  const metadata = withIdentityMarks(table.metadata, table.schema, fitted?.identities ?? [], written.rowCount)
  const actions: readonly Action[] = [table.protocol, metadata, ...table.domains, ...written.adds]
  const report = plan === null ? { ...emptyReport, committed: true } : reportOf(written, 0, metrics)
  const partitionBy = JSON.stringify(table.metadata.partitionColumns)
  const result = await commitIntent(
    context,
    {
      base: null,
      actions,
      written,
      operation:
        plan === null
          ? {
              name: 'CREATE TABLE',
              parameters: {
                isManaged: 'false',
                partitionBy,
                properties: JSON.stringify(table.metadata.configuration),
                ...(options.description !== undefined && { description: options.description }),
              },
              metrics: {},
            }
          : { name: 'WRITE', parameters: { mode: 'ErrorIfExists', partitionBy }, metrics },
      reads: readNothing,
      report,
    },
    options,
  )
  if (result.kind === 'committed') return { snapshot: result.snapshot, report }
  await discard(location, written)
  throw tableExists(location.uri)
}
