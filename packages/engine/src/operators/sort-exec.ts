import { Arena, createEvaluator, recordBatch, sortIndexes, takeColumn, type RecordBatch } from '@deltaworks/columnar'
import type { Sort } from '@deltaworks/plan'
import { spillFile, type ExecutionContext } from '../execution-context.js'
import type { SpillableAccount } from '../memory-pool.js'
import { collectShare, joinBatches, writeRun } from '../spill/runs.js'
import { open, type BatchStream, type ExecutionPlan } from './execution-plan.js'
import { outputRows } from './output-rows.js'
import { mergeRuns, runSegmentBytes, spilledSortedRun, type SortedRun } from './merge-runs.js'

const mostRows = 16_384
/** Of the operator's share: sorting takes as much again as the rows. */
const collectedPart = 0.35

/** Orders all rows. Stable. What is more than fits into memory is sorted in runs on disk, which are merged. */
export class SortExec implements ExecutionPlan {
  readonly name = 'SortExec'
  readonly schema
  readonly inputs: readonly ExecutionPlan[]
  readonly spills = true
  readonly #sort: Pick<Sort, 'schema' | 'keys'>

  constructor(sort: Pick<Sort, 'schema' | 'keys'>, input: ExecutionPlan) {
    this.#sort = sort
    this.schema = sort.schema
    this.inputs = [input]
  }

  async *execute(context: ExecutionContext): BatchStream {
    const account = context.pool.spillable(this.name)
    const file = spillFile(context, this)
    const stream = open(this.inputs[0]!, context)
    const pieces = new Arena(context.columnar.heap, account)
    const runs: SortedRun[] = []
    try {
      for (;;) {
        const { batches, isAll, rowCount } = await collectShare(context, account, pieces, stream, collectedPart)
        if (isAll && rowCount === 0) break
        const segmentRows = Math.ceil(rowCount / Math.ceil(pieces.sizeBytes / runSegmentBytes(account)))
        if (isAll && runs.length === 0) {
          yield* this.#sorted(context, account, pieces, batches, mostRows)
          return
        }
        const sorted = this.#sorted(context, account, pieces, batches, Math.min(mostRows, segmentRows))
        runs.push(spilledSortedRun(context, account, await writeRun(context, file, this.schema, sorted)))
        if (isAll) break
      }
      yield* mergeRuns(context, account, file, { schema: this.schema, keys: this.#sort.keys }, runs)
    } finally {
      await stream.return()
      pieces.close()
      file.close()
      account.close()
    }
  }

  /** The collected batches in order; their arena is free for others afterwards. */
  async *#sorted(
    context: ExecutionContext,
    account: SpillableAccount,
    pieces: Arena,
    batches: readonly RecordBatch[],
    partRows: number,
  ): BatchStream {
    const { columnar } = context
    const arena = new Arena(columnar.heap, account)
    const part = new Arena(columnar.heap, account)
    try {
      const batch = joinBatches(arena, this.schema, batches)
      if (batches.length > 1) pieces.reset()
      const { keys } = this.#sort
      const evaluator = createEvaluator(
        columnar,
        keys.map((key) => key.expression),
        batch.schema,
        { evaluation: context.evaluation },
      )
      const columns = evaluator.project(arena, batch)
      const order = sortIndexes(
        columnar,
        arena,
        keys.map(({ descending, nullsFirst }, i) => ({ column: columns[i]!, descending, nullsFirst })),
        batch.rowCount,
      )
      const step = outputRows(context, [batch], partRows)
      for (let start = 0; start < batch.rowCount; start += step) {
        part.reset()
        const rows = Math.min(step, batch.rowCount - start)
        yield recordBatch(
          this.schema,
          rows,
          batch.columns.map((column) => takeColumn(columnar, part, column, order + start * 4, rows)),
        )
      }
    } finally {
      part.close()
      arena.close()
      pieces.reset()
    }
  }
}
