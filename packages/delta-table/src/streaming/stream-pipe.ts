import { objectNotFoundCode, openStore, splitUri, joinPath, type ObjectStore } from '@deltaworks/storage'
import type { LogicalPlan } from '@deltaworks/plan'
import { badSource } from '../errors.js'
import type { DeltaTable } from '../delta-table.js'
import type { StreamBatch, StreamOffset, StreamSourceOptions } from './stream-source.js'

/*
 * From a table into a table, each batch exactly once. The offset behind batch n is put (if absent) under `offsets/n.json` before the
 * batch is written; the write carries the transaction (application, n). After a crash the last offset is taken up again: it names
 * the same rows, and a write that had been committed is a no-op.
 */

export interface StreamPipeOptions {
  readonly source: DeltaTable
  readonly target: DeltaTable
  /** Folder or URI for the offsets; one stream, one folder. */
  readonly checkpoint: string
  /** Names the stream in the target's log. */
  readonly appId: string
  readonly read?: StreamSourceOptions
  /** Default: the rows as they are. */
  readonly transform?: (rows: LogicalPlan, batch: number) => LogicalPlan
  /** `append` rows (default), or `complete`: each batch takes the place of all rows. */
  readonly mode?: 'append' | 'complete'
  /** Batches at most; default until nothing is new. */
  readonly maxBatches?: number
  readonly mergeSchema?: boolean
  readonly signal?: AbortSignal
}

export interface StreamPipeResult {
  readonly batches: number
  readonly rowsWritten: number
  readonly target: DeltaTable
  readonly offset: StreamOffset | null
}

/** Carries what is new in the source into the target. @throws DeltaTableError DW-TABLE-0021, 0022 */
export async function pipeStream(options: StreamPipeOptions): Promise<StreamPipeResult> {
  const offsets = offsetLog(options.checkpoint)
  const last = await offsets.last()
  let target = await options.target.refresh()
  let source = options.source
  let batches = 0
  let rowsWritten = 0
  let offset: StreamOffset | null = null
  // The last batch may have been planned and not written: it is done again, as it was planned.
  let number = last === null ? 0 : last
  let begin = last === null || last === 0 ? null : await offsets.read(last - 1)
  for (; batches < (options.maxBatches ?? Infinity); number++) {
    options.signal?.throwIfAborted()
    source = await source.refresh()
    const planned = await offsets.read(number)
    const batch = await batchOf(source, begin, planned, options)
    if (batch === null) break
    if (planned === null) await offsets.write(number, batch.offset)
    const report = await writeBatch(target, batch, number, options)
    target = report
    rowsWritten += report.lastWrite.committed ? report.lastWrite.rowsWritten : 0
    if (report.lastWrite.committed) batches++
    begin = offset = batch.offset
  }
  return { batches, rowsWritten, target, offset: offset ?? begin }
}

/** The batch that ends at a planned offset, whatever has come since; without one, the next that there is. */
async function batchOf(
  source: DeltaTable,
  begin: StreamOffset | null,
  planned: StreamOffset | null,
  options: StreamPipeOptions,
): Promise<StreamBatch | null> {
  if (planned === null) return source.nextBatch(begin, options.read)
  const until = await source.at({ version: planned.version })
  return until.nextBatch(begin, { ...options.read, ...(planned.isSnapshot && { from: 'snapshot' }) }, planned)
}

function writeBatch(
  target: DeltaTable,
  batch: StreamBatch,
  number: number,
  { appId, transform, mode, mergeSchema, signal }: StreamPipeOptions,
): Promise<DeltaTable> {
  const rows = transform === undefined ? batch.plan : transform(batch.plan, number)
  const settings = {
    appTransactions: [{ appId, version: number }],
    skipIfCommitted: true,
    operationParameters: { queryId: appId, epochId: String(number) },
    ...(mergeSchema !== undefined && { mergeSchema }),
    ...(signal !== undefined && { signal }),
  }
  return mode === 'complete' ? target.overwrite(rows, settings) : target.append(rows, settings)
}

interface OffsetLog {
  /** Number of the last batch that was planned; null: none. */
  last(): Promise<number | null>
  read(batch: number): Promise<StreamOffset | null>
  write(batch: number, offset: StreamOffset): Promise<void>
}

function offsetLog(uri: string): OffsetLog {
  const split = splitUri(uri)
  const store: ObjectStore = openStore(split.store)
  const folder = joinPath(split.path, 'offsets')
  const pathOf = (batch: number): string => joinPath(folder, `${String(batch).padStart(20, '0')}.json`)
  return {
    async last() {
      const numbers = (await store.list(folder)).map(({ path }) => Number(/(\d{20})\.json$/.exec(path)?.[1] ?? NaN))
      const known = numbers.filter((number) => Number.isFinite(number))
      return known.length === 0 ? null : Math.max(...known)
    },
    async read(batch) {
      try {
        return JSON.parse(Buffer.from(await store.get(pathOf(batch))).toString('utf8')) as StreamOffset
      } catch (error) {
        if ((error as { code?: string }).code === objectNotFoundCode) return null
        throw error
      }
    },
    async write(batch, offset) {
      const outcome = await store.put(pathOf(batch), Buffer.from(JSON.stringify(offset)), 'create')
      if (outcome === 'exists') throw badSource(uri, `another run of the stream has planned batch ${batch} already`)
    },
  }
}
