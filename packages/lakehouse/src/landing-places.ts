import { csvOptionsToJson, type CsvReadOptions } from '@deltaworks/formats'
import type { FileSplit, ScanPlan, TableProvider, TableStatistics } from '@deltaworks/plan'
import { field, int64, string, type Json, type Schema } from '@deltaworks/schema'
import { landingColumns } from './landing-columns.js'
import type { LandingRanges } from './landing-ranges.js'
import { placeOf } from './landing-table.js'
import type { TableDefinition } from './table-definition.js'
import type { LandingPart } from './unpack/unpack-landing.js'

const { sourceFile, sourceLine, sourceOffset } = landingColumns

/** Lines of a file that are wanted: from the first to the last. */
export interface WantedLines {
  readonly first: number
  readonly last: number
}

/** Where rows of landing files begin: their file, line and byte, and nothing else of them. */
export class LandingPlaces implements TableProvider {
  readonly name: string
  readonly schema: Schema = {
    fields: [field(sourceFile, string, false), field(sourceLine, int64, false), field(sourceOffset, int64)],
  }
  readonly statistics: TableStatistics
  readonly #ranges: LandingRanges
  readonly #table: TableDefinition
  readonly #parts: readonly LandingPart[]
  readonly #wanted: ReadonlyMap<string, WantedLines>

  /** @param wanted by what rows say they come from: ranges of large files without such lines are not read */
  constructor(
    ranges: LandingRanges,
    table: TableDefinition,
    parts: readonly LandingPart[],
    wanted: ReadonlyMap<string, WantedLines>,
  ) {
    this.name = `places in the landing files of ${table.name}`
    this.#ranges = ranges
    this.#table = table
    this.#parts = parts
    this.#wanted = wanted
    const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0)
    this.statistics = { rowCount: null, sizeBytes, approximate: true }
  }

  async scan(): Promise<ScanPlan> {
    const { format: kind } = this.#table.source!
    // Rows are cut as they were when they landed; none of their columns is looked at.
    const { badRecordsPath: _, ...source } = this.#table.source!.options as CsvReadOptions
    const options: CsvReadOptions = { ...source, extraColumns: 'ignore', mode: 'permissive' }
    const format = { kind, options: csvOptionsToJson(options) }
    const splits: FileSplit[] = []
    for (const part of this.#parts) {
      const ranges = kind === 'csv' ? await this.#ranges.of(part, options) : [null]
      const { first, last } = this.#wanted.get(part.sourceFile) ?? { first: 1, last: Infinity }
      for (const [i, range] of ranges.entries()) {
        const next = ranges[i + 1]?.line ?? Infinity
        if (next <= first || (range?.line ?? 1) > last) continue
        splits.push({
          kind: 'file',
          store: part.store,
          path: part.path,
          format,
          sizeBytes: part.sizeBytes,
          rowGroups: null,
          byteRange: range,
          rowCount: null,
          constants: { [sourceFile]: part.sourceFile },
          physicalNames: null,
          fieldIds: null,
          deletedRows: null,
          virtualColumns: placeOf(kind),
        })
      }
    }
    return { splits, filesTotal: this.#parts.length, filesPruned: 0 }
  }

  describe(): Json {
    return { kind: 'landing places', files: this.#parts.map((part) => part.sourceFile) }
  }
}
