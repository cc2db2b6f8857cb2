import {
  Arena,
  createFilter,
  readSegment,
  recordBatch,
  takeBatch,
  targetBatchRows,
  batchFromRows,
  type FilterEvaluator,
  type RecordBatch,
} from '@deltaworks/columnar'
import { columnsOf, conjunction, remapColumns, type BoundExpression } from '@deltaworks/expression'
import { FooterCache, scanFile, scanFiles, type RowSelector } from '@deltaworks/formats'
import type { FileSplit, TableScan } from '@deltaworks/plan'
import type { Schema, Value } from '@deltaworks/schema'
import { openStore } from '@deltaworks/storage'
import type { ExecutionContext, StageSplit } from '../execution-context.js'
import type { MemoryPool } from '../memory-pool.js'
import { boundsOf } from '../scheduler/stage.js'
import { BatchCoalescer } from './batch-coalescer.js'
import type { BatchStream, ExecutionPlan } from './execution-plan.js'
import { smallFilesTogether } from './small-files.js'

/**
 * Reads the splits of a table: the projected columns and those that only the filters need; rows that do not satisfy the
 * filters do not come out.
 */
export class ScanExec implements ExecutionPlan {
  readonly name: string
  readonly schema: Schema
  readonly inputs = []
  readonly #scan: TableScan
  /** Positions in the table's schema that are read: the projection, then what filters need besides. */
  readonly #read: readonly number[]
  #selectors: readonly RowSelector[] = []
  /** It is executed once a morsel. */
  #prepared: { readonly reading: Omit<Reading, 'selectors'>; readonly filter: FilterEvaluator | null } | null = null

  constructor(scan: TableScan) {
    this.#scan = scan
    this.schema = scan.schema
    this.name = `ScanExec (${scan.table.name})`
    const extra = new Set(scan.filters.flatMap((filter) => columnsOf(filter)))
    for (const position of scan.projection) extra.delete(position)
    this.#read = [...scan.projection, ...[...extra].sort((a, b) => a - b)]
  }

  #prepare({ columnar, evaluation, pool }: ExecutionContext) {
    const { filters, table } = this.#scan
    const schema = { fields: this.#read.map((position) => table.schema.fields[position]!) }
    const toRead = (filter: BoundExpression) => remapColumns(filter, (position) => this.#read.indexOf(position))
    const local = filters.map(toRead)
    const bounds = boundsOf(this.#scan).map(toRead)
    const reading = {
      positions: this.#read,
      schema,
      filters: [...local, ...bounds],
      footers: new FooterCache(),
      batchRows: batchRowsOf(pool, schema),
    }
    const filter = local.length === 0 ? null : createFilter(columnar, conjunction(local), schema, { evaluation })
    return { reading, filter }
  }

  /** What is read begins with what comes out: positions are the same. */
  offer(selectors: readonly RowSelector[]): void {
    this.#selectors = selectors
  }

  async *execute(context: ExecutionContext): BatchStream {
    const { projection, fetch } = this.#scan
    const { filter, ...prepared } = (this.#prepared ??= this.#prepare(context))
    const reading = { ...prepared.reading, selectors: this.#selectors }
    const account = context.pool.account(this.name)
    const arena = new Arena(context.columnar.heap, account)
    const coalescer = new BatchCoalescer(context, this.schema, account)
    let rows = 0
    try {
      // First rows are wanted as soon as they are there.
      const together = fetch === null
      for await (const splits of smallFilesTogether(context.splitsOf(this.#scan), together)) {
        for await (const batch of readSplits(splits, reading, context)) {
          const pause = context.pause()
          if (pause !== null) await pause
          context.checkCancelled()
          arena.reset()
          const selection = filter?.select(arena, batch) ?? null
          if (selection !== null && selection.count === 0) continue
          const kept =
            selection === null || selection.count === batch.rowCount
              ? batch
              : takeBatch(context.columnar, arena, narrowed(batch, projection.length, this.schema), selection)
          const found = narrowed(kept, projection.length, this.schema)
          if (together) yield* coalescer.add(found)
          else yield found
          rows += kept.rowCount
          if (fetch !== null && rows >= fetch) return
        }
      }
      yield* coalescer.rest()
    } finally {
      coalescer.close()
      arena.close()
      account.close()
    }
  }
}

const narrowed = (batch: RecordBatch, width: number, schema: Schema): RecordBatch =>
  recordBatch(schema, batch.rowCount, batch.columns.length === width ? batch.columns : batch.columns.slice(0, width))

const largeBatchRows = 32_768
/** A batch stands in memory several times over: large ones are for budgets in which that is little, and for rows of few columns. */
const plentyBytes = 1024 * 1024 * 1024
const fewColumns = 32

const batchRowsOf = ({ limitBytes }: MemoryPool, { fields }: Schema): number =>
  limitBytes >= plentyBytes && fields.length <= fewColumns ? largeBatchRows : targetBatchRows

/** What is read of every split. */
interface Reading {
  /** Of the columns in the table's schema. */
  readonly positions: readonly number[]
  readonly schema: Schema
  /** Over `schema`. */
  readonly filters: readonly BoundExpression[]
  readonly footers: FooterCache
  readonly batchRows: number
  /** Of rows that are of no use. */
  readonly selectors: readonly RowSelector[]
}

/** @param splits one, or files that are read together */
async function* readSplits(splits: readonly StageSplit[], reading: Reading, context: ExecutionContext): BatchStream {
  const files = splits.filter((split) => split.kind === 'file')
  if (files.length < 2) {
    for (const split of splits) yield* readSplit(split, reading, context)
    return
  }
  const { format, path } = files[0]!
  const account = context.pool.account(`scan of ${path} and others`)
  const scans = files.map((split) => fileScanOf(split, reading))
  try {
    yield* scanFiles(context.columnar, account, format.kind, scans, format.options, context.metrics.scan)
  } finally {
    account.close()
  }
}

async function* readSplit(split: StageSplit, reading: Reading, context: ExecutionContext): BatchStream {
  const { positions, schema, footers } = reading
  switch (split.kind) {
    case 'file': {
      const account = context.pool.account(`scan of ${split.path}`)
      try {
        yield* scanFile(
          context.columnar,
          account,
          split.format.kind,
          { ...fileScanOf(split, reading), ...(split.rowGroups === null ? {} : { footers }) },
          split.format.options,
          context.metrics.scan,
        )
      } finally {
        account.close()
      }
      return
    }
    case 'segment': {
      const arena = new Arena(context.columnar.heap, context.pool.account('ScanExec'))
      try {
        yield* readSegment(arena, split.segment, positions)
      } finally {
        arena.close()
      }
      return
    }
    case 'spilled': {
      const account = context.pool.account('ScanExec')
      const arena = new Arena(context.columnar.heap, account)
      try {
        yield* context.spill.read(arena, split, positions)
      } finally {
        arena.close()
        account.close()
      }
      return
    }
    case 'rows': {
      const arena = new Arena(context.columnar.heap, context.pool.account('rows'))
      try {
        const rows = split.rows.map((row: readonly Value[]) => positions.map((position) => row[position]!))
        yield batchFromRows(arena, schema, rows)
      } finally {
        arena.close()
      }
    }
  }
}

const fileScanOf = (split: FileSplit, { schema, filters, batchRows, selectors }: Reading) => ({
  store: openStore(split.store),
  path: split.path,
  sizeBytes: split.sizeBytes,
  schema,
  constants: split.constants,
  physicalNames: split.physicalNames,
  fieldIds: split.fieldIds,
  virtualColumns: split.virtualColumns,
  rowGroups: split.rowGroups,
  byteRange: split.byteRange,
  deletedRows: split.deletedRows,
  filters,
  batchRows,
  selectors,
  digest:
    split.digestSlot === undefined
      ? undefined
      : new Uint8Array(split.digestSlot.memory, split.digestSlot.index * 32, 32),
})
