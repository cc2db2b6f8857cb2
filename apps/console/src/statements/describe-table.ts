import { parsePartitionValue, physicalName } from '@deltaworks/delta-log'
import type { DeltaTable } from '@deltaworks/delta-table'
import { field, int32, int64, list, map, string, timestamp, typeName, type Value } from '@deltaworks/schema'
import type { DeltaStatement } from './delta-statement.js'
import { resultOf, textResult, type StatementResult } from './statement-result.js'
import type { TableCatalog } from './table-catalog.js'

type Of<K extends DeltaStatement['kind']> = Extract<DeltaStatement, { kind: K }>

const micros = (ms: number): bigint => BigInt(Math.trunc(ms)) * 1000n
const entries = (of: Readonly<Record<string, string | null>>): Value => Object.entries(of)

/** The documented columns of DESCRIBE HISTORY, the newest version first. */
export async function describeHistory(
  catalog: TableCatalog,
  statement: Of<'describe-history'>,
): Promise<StatementResult> {
  const table = await catalog.open(statement.table)
  const history = await table.history(statement.limit ?? undefined)
  const texts = map(string, string, true)
  const fields = [
    field('version', int64),
    field('timestamp', timestamp),
    field('userId', string),
    field('userName', string),
    field('operation', string),
    field('operationParameters', texts),
    field('job', string),
    field('notebook', string),
    field('clusterId', string),
    field('readVersion', int64),
    field('isolationLevel', string),
    field('isBlindAppend', { kind: 'boolean' }),
    field('operationMetrics', texts),
    field('userMetadata', string),
    field('engineInfo', string),
  ]
  const rows = history.map(({ version, timestampMs, info }): Value[] => [
    BigInt(version),
    micros(timestampMs),
    null,
    info?.userName ?? null,
    info?.operation ?? null,
    info === null ? null : entries(info.operationParameters),
    null,
    null,
    null,
    info?.readVersion === null || info === null ? null : BigInt(info.readVersion),
    info?.isolationLevel ?? null,
    info?.isBlindAppend ?? null,
    info === null ? null : entries(info.operationMetrics),
    info?.userMetadata ?? null,
    info?.engineInfo ?? null,
  ])
  return resultOf(fields, rows)
}

export async function describeDetail(
  catalog: TableCatalog,
  statement: Of<'describe-detail'>,
): Promise<StatementResult> {
  const detail = (await catalog.open(statement.table)).detail()
  const fields = [
    field('format', string),
    field('id', string),
    field('name', string),
    field('description', string),
    field('location', string),
    field('createdAt', timestamp),
    field('lastModified', timestamp),
    field('partitionColumns', list(string)),
    field('clusteringColumns', list(string)),
    field('numFiles', int64),
    field('sizeInBytes', int64),
    field('properties', map(string, string, true)),
    field('minReaderVersion', int32),
    field('minWriterVersion', int32),
    field('tableFeatures', list(string)),
  ]
  return resultOf(fields, [
    [
      detail.format,
      detail.id,
      detail.name,
      detail.description,
      detail.location,
      detail.createdAtMs === null ? null : micros(detail.createdAtMs),
      micros(detail.lastModifiedMs),
      detail.partitionColumns,
      detail.clusteringColumns,
      BigInt(detail.numFiles),
      BigInt(detail.sizeInBytes),
      entries(detail.properties),
      detail.minReaderVersion,
      detail.minWriterVersion,
      detail.tableFeatures,
    ],
  ])
}

export async function describeColumns(catalog: TableCatalog, statement: Of<'describe'>): Promise<StatementResult> {
  const table = await catalog.open(statement.table)
  const rows = table.schema.fields.map(({ name, type, metadata }) => {
    const comment = metadata?.['comment']
    return [name, typeName(type), typeof comment === 'string' ? comment : null]
  })
  const partitions = table.partitionColumns.map((name, i) => [`# partition ${i}`, name, null])
  return textResult(['col_name', 'data_type', 'comment'], [...rows, ...partitions])
}

export async function showProperties(
  catalog: TableCatalog,
  statement: Of<'show-properties'>,
): Promise<StatementResult> {
  const detail = (await catalog.open(statement.table)).detail()
  const all = {
    ...detail.properties,
    'delta.minReaderVersion': String(detail.minReaderVersion),
    'delta.minWriterVersion': String(detail.minWriterVersion),
    ...Object.fromEntries(detail.tableFeatures.map((name) => [`delta.feature.${name}`, 'supported'])),
  }
  const rows = Object.entries(all)
    .filter(([key]) => statement.key === null || key === statement.key)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return textResult(['key', 'value'], rows)
}

export async function showColumns(catalog: TableCatalog, statement: Of<'show-columns'>): Promise<StatementResult> {
  const table = await catalog.open(statement.table)
  return textResult(
    ['col_name'],
    table.schema.fields.map(({ name }) => [name]),
  )
}

/** The partitions that hold files, each with its typed values. */
export async function showPartitions(
  catalog: TableCatalog,
  statement: Of<'show-partitions'>,
): Promise<StatementResult> {
  const table = await catalog.open(statement.table)
  const fields = table.partitionColumns.map((name) => table.schema.fields.find((f) => f.name === name)!)
  const seen = new Map<string, readonly Value[]>()
  for (const texts of partitionTexts(table)) {
    const key = JSON.stringify(texts)
    if (seen.has(key)) continue
    seen.set(
      key,
      fields.map((f, i) => parsePartitionValue(f.type, texts[i], f.name)),
    )
  }
  return resultOf(
    fields,
    [...seen.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, values]) => values),
  )
}

function* partitionTexts(table: DeltaTable): Generator<readonly (string | null)[]> {
  const { snapshot } = table
  const names = table.partitionColumns.map((name) =>
    physicalName(
      table.schema.fields.find((f) => f.name === name)!,
      snapshot.columnMapping.mode,
    ),
  )
  for (const file of snapshot.files.values()) yield names.map((name) => file.partitionValues[name] ?? null)
}
