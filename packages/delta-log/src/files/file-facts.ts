import type { DataType } from '@deltaworks/schema'
import type { AddFile } from '../actions/add-file.js'
import { parseStatistics, type ColumnBounds, type FileStatistics } from '../statistics.js'

/**
 * What planning asks of a file, without making an `AddFile` of it. A facts object may be one that moves from file to file: it
 * holds until the next file is looked at.
 */
export interface FileFacts {
  readonly sizeBytes: number
  /** Rows in the data file, those that a deletion vector removes included; null: not known. */
  readonly physicalRowCount: number | null
  /** Rows that a deletion vector removes. */
  readonly deletedRowCount: number
  /** The serialised value by the physical name of a partition column; null for null, undefined if the log does not say. */
  partitionValue(physicalName: string): string | null | undefined
  /** @param path physical names from the top-level column down */
  bounds(path: readonly string[], type: DataType): ColumnBounds | null
}

const parsed = new WeakMap<AddFile, FileStatistics | null>()

/** The file's statistics, parsed once. */
export function statisticsOf(file: AddFile): FileStatistics | null {
  let statistics = parsed.get(file)
  if (statistics === undefined) {
    statistics = parseStatistics(file.stats)
    parsed.set(file, statistics)
  }
  return statistics
}

/** Where writers put it, all that is asked of most files. */
const leadingRowCount = /^\{"numRecords":(\d{1,15})[,}]/

class AddFileFacts implements FileFacts {
  readonly #file: AddFile

  constructor(file: AddFile) {
    this.#file = file
  }

  get sizeBytes(): number {
    return this.#file.sizeBytes
  }

  get physicalRowCount(): number | null {
    const leading = parsed.has(this.#file) ? null : leadingRowCount.exec(this.#file.stats ?? '')
    return leading === null ? (statisticsOf(this.#file)?.rowCount ?? null) : Number(leading[1])
  }

  get deletedRowCount(): number {
    return this.#file.deletionVector?.cardinality ?? 0
  }

  partitionValue(physicalName: string): string | null | undefined {
    return this.#file.partitionValues[physicalName]
  }

  bounds(path: readonly string[], type: DataType): ColumnBounds | null {
    return statisticsOf(this.#file)?.column(path, type) ?? null
  }
}

export const factsOf = (file: AddFile): FileFacts => new AddFileFacts(file)
