import {
  Arena,
  columnFromValues,
  constantColumn,
  nullColumn,
  recordBatch,
  targetBatchRows,
  type Column,
  type ColumnarContext,
  type MemoryAccount,
  type RecordBatch,
} from '@deltaworks/columnar'
import { int64, string, typeName, type DataType, type Value } from '@deltaworks/schema'
import { invalid, type ValueFormat } from '../csv/parse-value.js'
import { temporalPattern } from '../csv/temporal-pattern.js'
import { malformedRow } from '../errors.js'
import type { FileScan, ScanMetrics, VirtualColumn } from '../file-scan.js'
import { jsonMode, type JsonReadOptions } from './json-options.js'
import type { JsonRecord } from './json-record.js'
import { jsonRecords } from './json-records.js'
import { jsonText, type JsonObject, type JsonValue } from './json-text.js'
import { isJsonObject, jsonToValue, memberOf } from './json-value.js'

interface JsonColumn {
  readonly name: string
  readonly type: DataType
  /** Names in the file, best first. */
  readonly names: readonly string[]
  readonly format: ValueFormat
}

/** A record read: one value a column, and why the row is malformed. */
interface JsonRow {
  readonly record: JsonRecord
  readonly values: readonly Value[]
  readonly reasons: readonly string[]
  readonly rescued: string | null
}

/**
 * Reads JSON lines, or a document that is an array of objects, as batches. Members that a record lacks are null; integers
 * and decimals are exact. See `JsonReadOptions` for malformed rows.
 */
export async function* scanJson(
  context: ColumnarContext,
  account: MemoryAccount,
  scan: FileScan,
  options: JsonReadOptions,
  metrics?: ScanMetrics,
): AsyncGenerator<RecordBatch, void, undefined> {
  const mode = jsonMode(options)
  const columns = columnsOf(scan, options, mode)
  const arena = new Arena(context.heap, account)
  const maxRows = scan.batchRows ?? targetBatchRows
  const deleted = scan.deletedRows === null ? null : new Set(scan.deletedRows)
  if (metrics !== undefined) metrics.filesRead++
  const declared = (options.extraColumns ?? 'ignore') === 'ignore' ? null : declaredNames(scan, options)
  const refuse = options.extraColumns === 'error'
  try {
    let rows: JsonRow[] = []
    for await (const record of jsonRecords(scan, options, metrics)) {
      if (deleted?.has(record.row) === true) {
        if (metrics !== undefined) metrics.rowsDeleted++
        continue
      }
      const row = rowOf(record, columns, declared, refuse)
      if (row.reasons.length > 0) {
        if (metrics !== undefined) metrics.malformedRows++
        if (mode === 'failfast') throw failure(scan.path, row, columns)
        if (mode === 'dropmalformed') continue
      }
      if (rows.push(row) < maxRows) continue
      yield batchOf(arena, scan, options, columns, rows, metrics)
      arena.reset()
      rows = []
    }
    if (rows.length > 0) yield batchOf(arena, scan, options, columns, rows, metrics)
  } finally {
    arena.close()
  }
}

function columnsOf(scan: FileScan, options: JsonReadOptions, mode: string): JsonColumn[] {
  const rescued = rescuedName(options)
  const made = (name: string): boolean =>
    name in scan.constants ||
    name in scan.virtualColumns ||
    (options.extraColumns === 'rescue' && name.toLowerCase() === rescued)
  const decides =
    mode !== 'permissive' ||
    Object.values(scan.virtualColumns).some((what) => what === 'raw_record' || what === 'corrupt_reason')
  const fields = [...scan.schema.fields]
  const known = new Set(fields.map((field) => field.name))
  if (decides) fields.push(...(options.schema?.fields ?? []).filter((field) => !known.has(field.name)))
  return fields
    .filter(({ name }) => !made(name))
    .map(({ name, type }) => {
      const pattern =
        options.columns?.[name]?.pattern ??
        (type.kind === 'date'
          ? options.datePattern
          : type.kind.startsWith('timestamp')
            ? options.timestampPattern
            : undefined)
      return {
        name,
        type,
        names: options.columns?.[name]?.names ?? [scan.physicalNames?.[name] ?? name],
        format: {
          pattern: pattern === undefined ? null : temporalPattern(pattern),
          timezone: options.timezone ?? 'UTC',
        },
      }
    })
}

const rescuedName = (options: JsonReadOptions): string => (options.rescuedColumn ?? '_rescued_data').toLowerCase()

/** Lower-case names of the members that are columns. */
const declaredNames = (scan: FileScan, options: JsonReadOptions): Set<string> =>
  new Set(
    [...scan.schema.fields, ...(options.schema?.fields ?? [])]
      .flatMap(({ name }) => options.columns?.[name]?.names ?? [scan.physicalNames?.[name] ?? name])
      .map((name) => name.toLowerCase()),
  )

function rowOf(
  record: JsonRecord,
  columns: readonly JsonColumn[],
  declared: ReadonlySet<string> | null,
  refuse: boolean,
): JsonRow {
  const { value } = record
  const damage = record.damage ?? (isJsonObject(value) ? null : 'the record is not a JSON object')
  if (damage !== null || !isJsonObject(value)) {
    return { record, values: columns.map(() => null), reasons: [damage ?? ''], rescued: null }
  }
  const reasons: string[] = []
  const values = columns.map(({ name, type, names, format }) => {
    const member = firstMember(value, names)
    const converted = jsonToValue(type, member, format)
    if (converted !== invalid) return converted
    reasons.push(`${name}: ${excerpt(jsonText(member ?? null))} is not a valid ${typeName(type)}`)
    return null
  })
  const rescued = declared === null ? null : rescuedText(value, declared)
  if (refuse && rescued !== null) reasons.push(`members that are not declared: ${excerpt(rescued)}`)
  return { record, values, reasons, rescued }
}

function firstMember(object: JsonObject, names: readonly string[]): JsonValue | undefined {
  for (const name of names) {
    const member = memberOf(object, name)
    if (member !== undefined) return member
  }
  return undefined
}

function rescuedText(object: JsonObject, declared: ReadonlySet<string>): string | null {
  const rest = Object.entries(object).filter(([key]) => !declared.has(key.toLowerCase()))
  return rest.length === 0 ? null : jsonText(Object.fromEntries(rest))
}

const excerpt = (text: string): string => (text.length > 64 ? `${text.slice(0, 63)}…` : text)

function failure(path: string, { record, reasons }: JsonRow, columns: readonly JsonColumn[]): Error {
  const reason = reasons.join('; ')
  const column = columns.find(({ name }) => reason.startsWith(`${name}: `))?.name ?? null
  return malformedRow(path, record.line, column, reason, record.raw)
}

function batchOf(
  arena: Arena,
  scan: FileScan,
  options: JsonReadOptions,
  columns: readonly JsonColumn[],
  rows: readonly JsonRow[],
  metrics: ScanMetrics | undefined,
): RecordBatch {
  if (metrics !== undefined) metrics.rowsScanned += rows.length
  const positions = new Map(columns.map(({ name }, i) => [name, i]))
  const output = scan.schema.fields.map(({ name, type }): Column => {
    if (name in scan.constants) return constantColumn(arena, type, scan.constants[name]!, rows.length)
    const virtual = scan.virtualColumns[name]
    if (virtual !== undefined) return virtualColumn(arena, virtual, scan.path, rows)
    const position = positions.get(name)
    if (position !== undefined) {
      return columnFromValues(
        arena,
        type,
        rows.map((row) => row.values[position]!),
      )
    }
    if (name.toLowerCase() !== rescuedName(options)) return nullColumn(arena, type, rows.length)
    return columnFromValues(
      arena,
      type,
      rows.map((row) => row.rescued),
    )
  })
  return recordBatch(scan.schema, rows.length, output)
}

function virtualColumn(arena: Arena, what: VirtualColumn, path: string, rows: readonly JsonRow[]): Column {
  const of = (type: DataType, value: (row: JsonRow) => Value): Column => columnFromValues(arena, type, rows.map(value))
  switch (what) {
    case 'file_path':
      return constantColumn(arena, string, path, rows.length)
    case 'line':
      return of(int64, ({ record }) => BigInt(record.line))
    case 'row_index':
      return of(int64, ({ record }) => BigInt(record.row))
    case 'byte_offset':
      return of(int64, ({ record }) => BigInt(record.offset))
    case 'raw_record':
      return of(string, ({ record, reasons }) => (reasons.length > 0 ? record.raw : null))
    case 'corrupt_reason':
      return of(string, ({ reasons }) => (reasons.length > 0 ? reasons.join('; ') : null))
  }
}
