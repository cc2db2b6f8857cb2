import {
  Arena,
  constantColumn,
  nullColumn,
  recordBatch,
  targetBatchRows,
  type Column,
  type ColumnarContext,
  type MemoryAccount,
  type RecordBatch,
} from '@deltaworks/columnar'
import { string } from '@deltaworks/schema'
import { temporalPattern } from '../csv/temporal-pattern.js'
import { BadRecords } from '../bad-records.js'
import { malformedRow } from '../errors.js'
import type { FileScan, ScanMetrics, VirtualColumn } from '../file-scan.js'
import { sparseText } from '../sparse-text.js'
import { jsonMode, type JsonReadOptions } from './json-options.js'
import { jsonRecords } from './json-records.js'
import { RecordReader, type JsonColumn, type JsonRows, type MalformedRecord } from './record-reader.js'

/**
 * Reads JSON lines, or a document that is an array of objects, as batches. Members that a record lacks are null; integers
 * and decimals are exact. See `JsonReadOptions` for malformed rows. Lines go from bytes into columns; only one that is malformed or
 * relaxed becomes an object first.
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
  const reader = new RecordReader(columns, options, declared)
  const bad = options.badRecordsPath === undefined ? null : new BadRecords(scan, options.badRecordsPath)
  let rows = reader.start()
  try {
    for await (const record of jsonRecords(scan, options, metrics)) {
      if (deleted?.has(record.row) === true) {
        if (metrics !== undefined) metrics.rowsDeleted++
        continue
      }
      const malformed = reader.read(record, rows, mode === 'dropmalformed' || bad !== null)
      if (malformed !== null) {
        if (metrics !== undefined) metrics.malformedRows++
        if (mode === 'failfast') throw failure(scan.path, malformed, columns)
        const { raw, line, offset } = malformed.record
        bad?.add({ record: raw, reason: malformed.reasons.join('; '), line, byteOffset: offset })
      }
      if (rows.count < maxRows) continue
      yield batchOf(arena, scan, options, columns, rows, metrics)
      arena.reset()
      rows = reader.start()
    }
    if (rows.count > 0) yield batchOf(arena, scan, options, columns, rows, metrics)
    await bad?.write()
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
    options.badRecordsPath !== undefined ||
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

function failure(path: string, { record, reasons }: MalformedRecord, columns: readonly JsonColumn[]): Error {
  const reason = reasons.join('; ')
  const column = columns.find(({ name }) => reason.startsWith(`${name}: `))?.name ?? null
  return malformedRow(path, record.line, column, reason, record.raw)
}

function batchOf(
  arena: Arena,
  scan: FileScan,
  options: JsonReadOptions,
  columns: readonly JsonColumn[],
  rows: JsonRows,
  metrics: ScanMetrics | undefined,
): RecordBatch {
  const { count } = rows
  if (metrics !== undefined) metrics.rowsScanned += count
  const positions = new Map(columns.map(({ name }, i) => [name, i]))
  const output = scan.schema.fields.map(({ name, type }): Column => {
    if (name in scan.constants) return constantColumn(arena, type, scan.constants[name]!, count)
    const virtual = scan.virtualColumns[name]
    if (virtual !== undefined) return virtualColumn(arena, virtual, scan.path, rows)
    const position = positions.get(name)
    if (position !== undefined) return rows.builders[position]!.finish(arena)
    return name.toLowerCase() === rescuedName(options)
      ? sparseText(arena, count, rows.rescued)
      : nullColumn(arena, type, count)
  })
  return recordBatch(scan.schema, count, output)
}

function virtualColumn(arena: Arena, what: VirtualColumn, path: string, rows: JsonRows): Column {
  switch (what) {
    case 'file_path':
      return constantColumn(arena, string, path, rows.count)
    case 'line':
      return rows.lines.finish(arena)
    case 'row_index':
      return rows.indexes.finish(arena)
    case 'byte_offset':
      return rows.offsets.finish(arena)
    case 'raw_record':
      return sparseText(arena, rows.count, rows.raw)
    case 'corrupt_reason':
      return sparseText(arena, rows.count, rows.reasons)
  }
}
