import {
  indexedColumnCount,
  indexedColumns,
  physicalName,
  type AddFile,
  type ColumnMapping,
  type DomainMetadata,
  type Metadata,
  type Snapshot,
} from '@deltaworks/delta-log'
import type { Field, Schema } from '@deltaworks/schema'
import { badAlteration } from './errors.js'
import { statisticsOf } from './file-statistics-source.js'
import { fieldAt, pathOf, type FieldPath } from './operations/alter/schema-path.js'

/*
 * Clustering columns are kept in the domain `delta.clustering`, by their physical names (PROTOCOL.md, "Clustered Table").
 */

export const clusteringDomain = 'delta.clustering'
const mostColumns = 4

/** Physical path of a column from the top-level one down. */
function physicalPath(schema: Schema, path: FieldPath, mode: ColumnMapping['mode']): readonly string[] {
  const steps: string[] = []
  let fields: readonly Field[] = schema.fields
  for (const step of path) {
    const found = fields.find((f) => f.name.toLowerCase() === step.toLowerCase())!
    steps.push(physicalName(found, mode))
    fields = found.type.kind === 'struct' ? found.type.fields : []
  }
  return steps
}

/** Dotted names of the columns that the table is clustered by; null if it is no clustered table. */
export function clusteringColumns(snapshot: Snapshot): readonly string[] | null {
  const domain = snapshot.domains.get(clusteringDomain)
  if (domain === undefined) return null
  const json = JSON.parse(domain.configuration) as { readonly clusteringColumns?: unknown }
  const listed = Array.isArray(json.clusteringColumns) ? (json.clusteringColumns as readonly unknown[]) : []
  return listed.map((column) => {
    const physical = (Array.isArray(column) ? column : [column]).map(String)
    return logicalPath(snapshot.schema, physical, snapshot.columnMapping.mode).map(quoted).join('.')
  })
}

/** A step of a dotted name. */
const quoted = (name: string): string => (/[.`]/.test(name) ? `\`${name.replaceAll('`', '``')}\`` : name)

function logicalPath(schema: Schema, physical: readonly string[], mode: ColumnMapping['mode']): readonly string[] {
  const steps: string[] = []
  let fields: readonly Field[] = schema.fields
  for (const step of physical) {
    const found = fields.find((f) => physicalName(f, mode) === step)
    steps.push(found?.name ?? step)
    fields = found?.type.kind === 'struct' ? found.type.fields : []
  }
  return steps
}

/** The domain for these columns. @throws DeltaTableError DW-TABLE-0020 */
export function clusteringAction(
  table: string,
  metadata: Metadata,
  schema: Schema,
  columns: readonly string[],
  mode: ColumnMapping['mode'],
): DomainMetadata {
  const refuse = (subject: string, reason: string): never => {
    throw badAlteration(table, subject, reason)
  }
  if (metadata.partitionColumns.length > 0) refuse('Clustering', 'a partitioned table cannot be clustered')
  if (columns.length > mostColumns) refuse('Clustering', `it takes at most ${mostColumns} columns`)
  const paths = columns.map((column) => {
    const path = pathOf(column)
    const found = fieldAt(schema, path)
    if (found === null) return refuse(`Column ${column}`, 'there is none of this name')
    if (!isComparable(found)) return refuse(`Column ${column}`, `values of type ${found.type.kind} have no bounds`)
    if (!hasStatistics(schema, metadata, path)) {
      return refuse(`Column ${column}`, 'it has no statistics; name it in delta.dataSkippingStatsColumns')
    }
    return physicalPath(schema, path, mode)
  })
  if (new Set(paths.map((path) => path.join('\n'))).size < paths.length) refuse('Clustering', 'a column is named twice')
  return {
    kind: 'domainMetadata',
    domain: clusteringDomain,
    configuration: JSON.stringify({ clusteringColumns: paths, domainName: clusteringDomain }),
    removed: false,
  }
}

function isComparable({ type }: Field): boolean {
  switch (type.kind) {
    case 'struct':
    case 'list':
    case 'map':
    case 'variant':
    case 'binary':
    case 'boolean':
    case 'null':
      return false
    default:
      return true
  }
}

/** Whether writers keep statistics of a column: it is among the first leaves, or named. */
function hasStatistics(schema: Schema, metadata: Metadata, path: FieldPath): boolean {
  const dotted = path.join('.').toLowerCase()
  const named = indexedColumns(metadata.configuration)
  if (named !== null) {
    return named.some((name) => dotted === name.toLowerCase() || dotted.startsWith(`${name.toLowerCase()}.`))
  }
  const count = indexedColumnCount(metadata.configuration)
  const leaves = schema.fields.flatMap((f) => leavesOf(f, f.name))
  const at = leaves.findIndex((leaf) => leaf.toLowerCase() === dotted)
  return at >= 0 && (count < 0 || at < count)
}

const leavesOf = (of: Field, path: string): readonly string[] =>
  of.type.kind === 'struct' ? of.type.fields.flatMap((member) => leavesOf(member, `${path}.${member.name}`)) : [path]

/** A file of the snapshot without statistics of a column that it is to be clustered by; null if there is none. */
export function fileWithoutStatistics(snapshot: Snapshot, columns: readonly string[]): AddFile | null {
  const { schema, columnMapping } = snapshot
  const wanted = columns.map((column) => {
    const path = pathOf(column)
    return { path: physicalPath(schema, path, columnMapping.mode), type: fieldAt(schema, path)!.type }
  })
  const lacks = (file: AddFile): boolean => {
    const statistics = statisticsOf(file)
    return statistics === null || wanted.some(({ path, type }) => statistics.column(path, type) === null)
  }
  return [...snapshot.files.values()].find(lacks) ?? null
}
