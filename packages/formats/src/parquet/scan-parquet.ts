import { targetBatchRows, type ColumnarContext, type MemoryAccount, type RecordBatch } from '@deltaworks/columnar'
import type { Schema } from '@deltaworks/schema'
import { scanMetrics, type FileScan, type ScanMetrics } from '../file-scan.js'
import { openParquet, type OpenedFile } from './footer.js'
import type { RowGroup } from './metadata.js'
import { leavesOf, readPlan, type ReadNode } from './read-plan.js'
import { RowGroupLoader, type LoadedRowGroup } from './row-group-loader.js'
import { RowGroupReader } from './row-group-reader.js'

/** Row groups whose wanted bytes are more than this are not read ahead: two of them would stand in memory. */
const readAheadBytes = 16 * 1024 * 1024

/**
 * The rows of a Parquet file, in order. A batch is valid until the next one is asked for.
 * @throws FormatError DW-FORMAT-0001 to 0005, 0008; StorageError; ColumnarError when memory is refused
 */
export async function* scanParquet(
  context: ColumnarContext,
  account: MemoryAccount,
  scan: FileScan,
  metrics: ScanMetrics = scanMetrics(),
): AsyncGenerator<RecordBatch, void, undefined> {
  const file = await (scan.footers?.open(scan.store, scan.path, scan.sizeBytes) ??
    openParquet(scan.store, scan.path, scan.sizeBytes))
  metrics.filesRead++
  metrics.bytesRead += file.bytesRead
  const plan = planColumns(scan, file)
  const leaves = leavesOf(plan.filter((node) => node !== null))
  const groups = file.metadata.rowGroups.slice(scan.rowGroups?.first ?? 0, scan.rowGroups?.end)
  const batchRows = Math.max(1, Math.min(scan.batchRows ?? targetBatchRows, 65_536))
  const loader = await RowGroupLoader.create(context, account, scan, file, plan, leaves, metrics)
  const reader = new RowGroupReader(context, account, scan, plan, leaves, batchRows, metrics)
  const queue = new ReadAhead(loader, groups, file.content === null, metrics)
  try {
    for (let group = await queue.next(); group !== null; group = await queue.next()) {
      reader.open(group)
      let isFirst = true
      for (let batch = reader.next(); batch !== null; batch = reader.next()) {
        metrics.rowsScanned += batch.rowCount
        // Who asks for a second batch wants more than a glance.
        if (!isFirst) queue.readAhead()
        isFirst = false
        if (batch.rowCount > 0) yield batch
      }
      reader.finishGroup()
    }
  } finally {
    reader.close()
    await queue.close()
  }
}

/** A read node for every field that comes from the file. */
function planColumns(scan: FileScan, file: OpenedFile): (ReadNode | null)[] {
  const isOwn = (name: string): boolean =>
    !Object.hasOwn(scan.constants, name) && !Object.hasOwn(scan.virtualColumns, name)
  const wanted: Schema = { fields: scan.schema.fields.filter(({ name }) => isOwn(name)) }
  const nodes = readPlan(scan.path, file.metadata.tree, wanted, scan)
  let next = 0
  return scan.schema.fields.map(({ name }) => (isOwn(name) ? nodes[next++]! : null))
}

/** Loads row groups in order; the next one while the former is being decoded, if it is small enough. */
class ReadAhead {
  readonly #loader: RowGroupLoader
  readonly #groups: readonly RowGroup[]
  readonly #isWanted: boolean
  #index = 0
  readonly #metrics: ScanMetrics
  #ahead: Promise<LoadedRowGroup | null> | null = null

  constructor(loader: RowGroupLoader, groups: readonly RowGroup[], isWanted: boolean, metrics: ScanMetrics) {
    this.#metrics = metrics
    this.#loader = loader
    this.#groups = groups
    this.#isWanted = isWanted
  }

  /** The next row group that has rows to give, or null at the end. */
  async next(): Promise<LoadedRowGroup | null> {
    while (this.#index < this.#groups.length) {
      const group = this.#groups[this.#index]!
      const ahead = this.#ahead
      this.#ahead = null
      this.#index++
      this.#metrics.rowGroupsTotal++
      // What was refused while two row groups would have stood in memory may be granted now.
      const loaded = await (ahead?.catch(() => this.#loader.load(group)) ?? this.#loader.load(group))
      if (loaded !== null) return loaded
    }
    return null
  }

  readAhead(): void {
    const group = this.#groups[this.#index]
    if (!this.#isWanted || this.#ahead !== null || group === undefined) return
    if (this.#loader.sizeOf(group) > readAheadBytes) return
    this.#ahead = this.#loader.load(group)
    this.#ahead.catch(() => undefined)
  }

  /** Frees what was read in vain. */
  async close(): Promise<void> {
    const loaded = await this.#ahead?.catch(() => null)
    loaded?.arena.close()
  }
}
