import { csvOptionsToJson, type CsvColumnOptions, type CsvReadOptions } from '@deltaworks/formats'
import type { FileSplit, ScanPlan, TableProvider, TableStatistics } from '@deltaworks/plan'
import { field, int64, string, type Json, type Schema } from '@deltaworks/schema'
import { openStore } from '@deltaworks/storage'
import { landedAudit, landedFields, landingColumns } from './landing-columns.js'
import { splitBytes, type LandingRanges } from './landing-ranges.js'
import { parquetNames } from './parquet-landing.js'
import { rescuedColumn, rescues, type SourceDefinition } from './source-definition.js'
import type { TableDefinition } from './table-definition.js'
import type { LandingPart } from './unpack/unpack-landing.js'

/**
 * Landing files as one table: the source's columns as declared, where each row comes from, and why a row is malformed.
 * Malformed rows are kept (`_corrupt_reason` is not null), never dropped.
 */
export class LandingTable implements TableProvider {
  readonly name: string
  readonly schema: Schema
  readonly statistics: TableStatistics
  readonly #parts: readonly LandingPart[]
  readonly #table: TableDefinition
  readonly #form: 'landed' | 'corrected'
  readonly #ranges: LandingRanges

  /**
   * @param form `corrected`: JSON lines by the table's own column names, with the place that each row was landed at, as the
   * review of quarantined rows writes them
   */
  constructor(
    ranges: LandingRanges,
    table: TableDefinition,
    parts: readonly LandingPart[],
    form: 'landed' | 'corrected' = 'landed',
  ) {
    this.#ranges = ranges
    this.#form = form
    this.name = `landing of ${table.name}`
    this.#parts = parts
    this.#table = table
    this.schema = {
      fields: [
        ...landedFields(table).fields.map((f) => ({ ...f, nullable: true })),
        ...landedAudit(table),
        field(landingColumns.sourceOffset, int64),
        field(landingColumns.rawRecord, string),
        field(landingColumns.corruptReason, string),
      ],
    }
    this.statistics = {
      rowCount: null,
      sizeBytes: parts.reduce((sum, part) => sum + part.sizeBytes, 0),
      approximate: true,
    }
  }

  async scan(): Promise<ScanPlan> {
    const splits: FileSplit[] = []
    const landed = this.#form === 'landed'
    const options = textOptions(this.#table)
    const format = landed
      ? { kind: this.#table.source!.format, options: readerOptions(this.#table, options) }
      : ({ kind: 'json', options: { form: 'lines' } } as const)
    // Splits share what is the same in all: they are many, and are posted to workers.
    const virtualColumns: FileSplit['virtualColumns'] = {
      ...(landed ? placeOf(format.kind) : {}),
      [landingColumns.rawRecord]: 'raw_record',
      [landingColumns.corruptReason]: 'corrupt_reason',
    }
    const constantsOf = landed ? this.#constantsOf() : () => ({})
    for (const file of this.#parts) {
      const physicalNames =
        format.kind === 'parquet' ? await parquetNames(openStore(file.store), file, this.#table) : null
      const ranges =
        format.kind === 'csv' && file.sizeBytes > splitBytes ? await this.#ranges.of(file, options) : [null]
      for (const range of ranges) {
        splits.push({
          kind: 'file',
          store: file.store,
          path: file.path,
          format,
          sizeBytes: file.sizeBytes,
          rowGroups: null,
          byteRange: range,
          rowCount: null,
          constants: constantsOf(file),
          physicalNames,
          fieldIds: null,
          deletedRows: null,
          virtualColumns,
          digestSlot: file.digestSlot,
        })
      }
    }
    return { splits, filesTotal: this.#parts.length, filesPruned: 0 }
  }

  /** What is one value in all rows of a file. */
  #constantsOf(): (file: LandingPart) => FileSplit['constants'] {
    const { sourceFile: file, sourceChecksum } = landingColumns
    const wantsChecksum = landedAudit(this.#table).some(({ name }) => name === sourceChecksum)
    return ({ sourceFile, checksum }) =>
      wantsChecksum ? { [file]: sourceFile, [sourceChecksum]: checksum } : { [file]: sourceFile }
  }

  describe(): Json {
    return { kind: 'landing', files: this.#parts.map((part) => part.sourceFile) }
  }
}

/** How a reader tells where a row is. Parquet has neither lines nor a byte at which a row begins. */
export const placeOf = (format: SourceDefinition['format']): FileSplit['virtualColumns'] =>
  format === 'parquet'
    ? { [landingColumns.sourceLine]: 'row_index' }
    : { [landingColumns.sourceLine]: 'line', [landingColumns.sourceOffset]: 'byte_offset' }

/** The format's reader options with the columns of the definition: their names in files, patterns, which may be missing. */
function readerOptions({ source }: TableDefinition, textual: CsvReadOptions): Json {
  const { format, options } = source!
  return format === 'parquet' ? { ...options } : csvOptionsToJson(textual)
}

/** Options that CSV and JSON have in common, with those of the source's own format. */
const textOptions = (table: TableDefinition): CsvReadOptions => ({
  // Most warehouses refuse them in texts.
  nulBytes: 'malformed',
  ...(table.source!.options as CsvReadOptions),
  columns: columnOptions(table),
  extraColumns: readerPolicy(table.source!),
  rescuedColumn,
  schema: landedFields(table),
  mode: 'permissive',
})

/** Columns that are to be added are declared by the time that files are read. */
function readerPolicy(source: SourceDefinition): 'error' | 'ignore' | 'rescue' {
  if (rescues(source)) return 'rescue'
  return source.extraColumns === 'ignore' ? 'ignore' : 'error'
}

function columnOptions(table: TableDefinition): Readonly<Record<string, CsvColumnOptions>> {
  return Object.fromEntries(
    landedFields(table).fields.map(({ name }) => {
      const { sourceNames, sourcePattern, sourceRequired } = table.columns[name]!.facts
      const options: CsvColumnOptions = {
        names: sourceNames.length === 0 ? [name] : sourceNames,
        required: sourceRequired,
        ...(sourcePattern === null ? {} : { pattern: sourcePattern }),
      }
      return [name, options]
    }),
  )
}
