import type { DataType } from '@deltaworks/schema'
import type { AddFile } from '../actions/add-file.js'
import type { ColumnBounds } from '../statistics.js'
import { StatisticsColumns, type FileChunk } from './file-chunk.js'
import type { JsonTemplate } from './json-template.js'
import type { ValueColumns } from './value-columns.js'

/** What rows of a checkpoint share: the partition columns that they name, and the template of their statistics. */
export interface CheckpointLayout {
  readonly partitionNames: readonly string[]
  /** null: no statistics. */
  readonly statistics: JsonTemplate | null
}

/** Files of a checkpoint. Columns: path, partition values, holes of the statistics. */
export class CheckpointChunk implements FileChunk {
  readonly pathColumn = 0
  readonly columns: ValueColumns
  readonly rowCount: number
  readonly heldBytes: number
  readonly #layout: CheckpointLayout
  readonly #sizes: Float64Array
  readonly #times: Float64Array
  readonly #statistics: StatisticsColumns | null

  constructor(layout: CheckpointLayout, columns: ValueColumns, sizes: Float64Array, times: Float64Array) {
    this.columns = columns
    this.rowCount = sizes.length
    this.#layout = layout
    this.#sizes = sizes
    this.#times = times
    const { statistics, partitionNames } = layout
    this.#statistics =
      statistics === null ? null : new StatisticsColumns(columns, statistics, [], 1 + partitionNames.length)
    this.heldBytes = columns.sizeBytes + sizes.byteLength + times.byteLength
  }

  file(row: number): AddFile {
    const { partitionNames } = this.#layout
    const statistics = (): string | null => this.#statisticsText(row)
    return {
      kind: 'add',
      path: this.columns.text(this.pathColumn, row),
      partitionValues: Object.fromEntries(partitionNames.map((name, i) => [name, this.columns.text(1 + i, row)])),
      sizeBytes: this.#sizes[row]!,
      modificationTimeMs: this.#times[row]!,
      // What is in a checkpoint changes nothing.
      dataChange: false,
      // Few ask for it.
      get stats(): string | null {
        return statistics()
      },
      tags: null,
      deletionVector: null,
      baseRowId: null,
      defaultRowCommitVersion: null,
      clusteringProvider: null,
    }
  }

  #statisticsText(row: number): string | null {
    const { statistics, partitionNames } = this.#layout
    if (statistics === null) return null
    const { literals, holes } = statistics
    const first = 1 + partitionNames.length
    let text = ''
    for (let i = 0; i < holes.length; i++) text += literals[i]! + this.columns.text(first + i, row)
    return text + literals[holes.length]!
  }

  sizeBytes(row: number): number {
    return this.#sizes[row]!
  }

  partitionValue(row: number, physicalName: string): string | null | undefined {
    const at = this.#layout.partitionNames.indexOf(physicalName)
    return at < 0 ? undefined : this.columns.text(1 + at, row)
  }

  physicalRowCount(row: number): number | null {
    return this.#statistics?.rowCount(row) ?? null
  }

  bounds(row: number, path: readonly string[], type: DataType): ColumnBounds | null {
    return this.#statistics?.bounds(row, path, type) ?? null
  }
}
