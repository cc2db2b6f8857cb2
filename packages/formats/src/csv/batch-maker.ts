import {
  constantColumn,
  fixedColumn,
  nullColumn,
  recordBatch,
  type Arena,
  type Column,
  type ColumnarContext,
  type RecordBatch,
} from '@deltaworks/columnar'
import { int64, string, type Field } from '@deltaworks/schema'
import type { BadRecords } from '../bad-records.js'
import { malformedRow } from '../errors.js'
import type { FileScan, ScanMetrics, VirtualColumn } from '../file-scan.js'
import { sparseText } from '../sparse-text.js'
import type { ColumnMapping, ColumnSource } from './column-mapping.js'
import { parseColumns, type RowReasons } from './column-parser.js'
import type { CsvDialect } from './csv-options.js'
import type { CsvReader, RowBlock } from './csv-reader.js'
import { checkFields } from './field-checks.js'
import { fieldText, rowText } from './field-text.js'
import { csvKernels, frameField } from './frame.js'
import { rowsWithNul } from './nul-byte.js'
import type { TextDictionaries } from './text-dictionary.js'

export interface BatchMakerOptions {
  readonly context: ColumnarContext
  readonly arena: Arena
  readonly reader: Pick<CsvReader, 'frame' | 'field'>
  readonly scan: FileScan
  readonly dialect: CsvDialect
  readonly mapping: ColumnMapping
  readonly header: readonly string[]
  readonly metrics: ScanMetrics | undefined
  readonly bad: BadRecords | null
  /** Null: texts come out as they are. */
  readonly dictionaries: TextDictionaries | null
  /** Rows are of several files: makes the columns that depend on which; null for others. */
  readonly placeColumn?: (field: Field, source: ColumnSource, rowCount: number) => Column | null
}

/** Makes batches of rows that a frame describes. */
export class BatchMaker {
  readonly #context: ColumnarContext
  readonly #arena: Arena
  readonly #reader: BatchMakerOptions['reader']
  readonly #scan: FileScan
  readonly #dialect: CsvDialect
  readonly #mapping: ColumnMapping
  readonly #header: readonly string[]
  readonly #metrics: ScanMetrics | undefined
  readonly #bad: BadRecords | null
  readonly #dictionaries: TextDictionaries | null
  readonly #placeColumn: BatchMakerOptions['placeColumn']

  constructor(options: BatchMakerOptions) {
    this.#bad = options.bad
    this.#context = options.context
    this.#arena = options.arena
    this.#reader = options.reader
    this.#scan = options.scan
    this.#dialect = options.dialect
    this.#mapping = options.mapping
    this.#header = options.header
    this.#metrics = options.metrics
    this.#dictionaries = options.dictionaries
    this.#placeColumn = options.placeColumn
  }

  make(block: RowBlock, firstRow: number): RecordBatch {
    const deleted = this.#scan.deletedRows
    let indexes = deleted === null ? null : this.#keep(block.rowCount, (row) => !holds(deleted, firstRow + row))
    let rowCount = indexes?.length ?? block.rowCount
    if (this.#metrics !== undefined && indexes !== null) this.#metrics.rowsDeleted += block.rowCount - rowCount
    let reasons: RowReasons = new Map()
    let columns = this.#parse(block, rowCount, reasons)
    if (reasons.size > 0) {
      if (this.#metrics !== undefined) this.#metrics.malformedRows += reasons.size
      if (this.#dialect.mode === 'failfast') throw this.#failure(reasons)
      if (this.#bad !== null) this.#keepBad(this.#bad, block, reasons)
      if (this.#dialect.mode === 'dropmalformed' || this.#bad !== null) {
        const good = this.#keep(rowCount, (row) => !reasons.has(row))!
        const former = indexes
        indexes = former === null ? good : good.map((row) => former[row]!)
        rowCount = good.length
        reasons = new Map()
        columns = this.#parse(block, rowCount, reasons)
      }
    }
    if (this.#metrics !== undefined) this.#metrics.rowsScanned += rowCount
    const output = this.#scan.schema.fields.map((field, i): Column => {
      const source = this.#mapping.sources[i]!
      const place = this.#placeColumn?.(field, source, rowCount) ?? null
      if (place !== null) return place
      switch (source.kind) {
        case 'file':
          return columns[source.parsed]!
        case 'absent':
          return nullColumn(this.#arena, field.type, rowCount)
        case 'constant':
          return constantColumn(this.#arena, field.type, source.value, rowCount)
        case 'virtual':
          return this.#virtualColumn(source.what, block, rowCount, reasons, firstRow, indexes)
        case 'rescued':
          return this.#rescuedColumn(rowCount)
      }
    })
    return recordBatch(this.#scan.schema, rowCount, output)
  }

  #keepBad(bad: BadRecords, { baseOffset }: RowBlock, reasons: RowReasons): void {
    const { heap } = this.#context
    const entry = (field: number, row: number): number => heap.u32[(this.#reader.field(field) >>> 2) + row]!
    for (const [row, reason] of reasons) {
      bad.add({
        record: rowText(heap, this.#reader.frame, row),
        reason: reason.join('; '),
        line: entry(frameField.rowLine, row),
        byteOffset: baseOffset + entry(frameField.rowStart, row),
      })
    }
  }

  #parse(block: RowBlock, rowCount: number, reasons: RowReasons): Column[] {
    const { frame } = this.#reader
    const { unescapedQuotes, maxCharsPerColumn } = this.#dialect
    const isChecked = unescapedQuotes === 'raise_error' || unescapedQuotes === 'skip_value' || maxCharsPerColumn > 0
    const skipped = isChecked
      ? checkFields(this.#context.heap, frame, rowCount, this.#dialect, this.#header, reasons)
      : []
    if (block.damage !== null) for (let row = 0; row < rowCount; row++) reasons.set(row, [block.damage])
    else if (this.#reader.field(frameField.irregular) > 0) this.#checkShapes(rowCount, reasons)
    if (this.#dialect.nulBytes === 'malformed') {
      for (const row of rowsWithNul(this.#context.heap, frame, rowCount)) reasons.set(row, ['it has a NUL'])
    }
    const { parsed } = this.#mapping
    return parseColumns(this.#context, this.#arena, frame, rowCount, parsed, reasons, skipped, this.#dictionaries)
  }

  #checkShapes(rowCount: number, reasons: RowReasons): void {
    const expected = this.#header.length
    const fields = this.#reader.field(frameField.rowFields) >>> 2
    const { u32 } = this.#context.heap
    for (let row = 0; row < rowCount; row++) {
      const found = u32[fields + row]!
      if (found !== expected) reasons.set(row, [`${expected} fields expected, ${found} found`])
    }
  }

  /** Closes the gaps that unwanted rows leave in the frame. @returns the former numbers of those kept, or null: all were */
  #keep(rowCount: number, wanted: (row: number) => boolean): number[] | null {
    const kept: number[] = []
    for (let row = 0; row < rowCount; row++) if (wanted(row)) kept.push(row)
    if (kept.length === rowCount) return null
    const { u32 } = this.#context.heap
    for (const name of ['rowFirst', 'rowStart', 'rowFields', 'rowLine'] as const) {
      const base = this.#reader.field(frameField[name]) >>> 2
      for (let i = 0; i < kept.length; i++) u32[base + i] = u32[base + kept[i]!]!
    }
    return kept
  }

  #failure(reasons: RowReasons): Error {
    const row = Math.min(...reasons.keys())
    const reason = reasons.get(row)!.join('; ')
    const line = this.#context.heap.u32[(this.#reader.field(frameField.rowLine) >>> 2) + row]!
    const column = this.#mapping.parsed.find(({ name }) => reason.startsWith(`${name}: `))?.name ?? null
    const record = rowText(this.#context.heap, this.#reader.frame, row)
    return malformedRow(this.#scan.path, line, column, reason, record)
  }

  #virtualColumn(
    what: VirtualColumn,
    block: RowBlock,
    rowCount: number,
    reasons: RowReasons,
    firstRow: number,
    indexes: readonly number[] | null,
  ): Column {
    switch (what) {
      case 'file_path':
        return constantColumn(this.#arena, string, this.#scan.path, rowCount)
      case 'line':
        return this.#widened(frameField.rowLine, 0, rowCount)
      case 'byte_offset':
        return this.#widened(frameField.rowStart, block.baseOffset, rowCount)
      case 'row_index': {
        const values = this.#arena.allocate(8 * rowCount)
        const slots = this.#context.heap.i64.subarray(values >>> 3, (values >>> 3) + rowCount)
        for (let row = 0; row < rowCount; row++) slots[row] = BigInt(firstRow + (indexes?.[row] ?? row))
        return fixedColumn(int64, rowCount, values)
      }
      case 'corrupt_reason':
        return sparseText(this.#arena, rowCount, new Map([...reasons].map(([row, list]) => [row, list.join('; ')])))
      case 'raw_record': {
        const texts = new Map<number, string>()
        for (const row of reasons.keys()) texts.set(row, rowText(this.#context.heap, this.#reader.frame, row))
        return sparseText(this.#arena, rowCount, texts)
      }
    }
  }

  #widened(field: number, base: number, rowCount: number): Column {
    const values = this.#arena.allocate(8 * rowCount)
    csvKernels(this.#context).csvWiden(this.#reader.field(field), rowCount, BigInt(base), values)
    return fixedColumn(int64, rowCount, values)
  }

  /** What undeclared columns hold, as a JSON object a row; null where they are all empty. */
  #rescuedColumn(rowCount: number): Column {
    const { heap } = this.#context
    const texts = new Map<number, string>()
    for (let row = 0; row < rowCount; row++) {
      const members: Record<string, string> = {}
      for (const [index, name] of this.#mapping.extra) {
        const field = fieldText(heap, this.#reader.frame, row, index)
        if (field !== null && (field.text !== '' || field.quoted)) members[name] = field.text
      }
      if (Object.keys(members).length > 0) texts.set(row, JSON.stringify(members))
    }
    return sparseText(this.#arena, rowCount, texts)
  }
}

/** Whether an ascending list holds a number. */
function holds(list: Uint32Array, wanted: number): boolean {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (list[middle]! < wanted) low = middle + 1
    else high = middle
  }
  return list[low] === wanted
}
