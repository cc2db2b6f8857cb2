import { Arena, recordBatch, takeColumn, type RecordBatch } from '@deltaworks/columnar'
import type { BoundWindow } from '@deltaworks/expression'
import { isNested, isVariableLength, type Schema } from '@deltaworks/schema'
import { isOverShare, type ExecutionContext } from '../../execution-context.js'
import type { SpillableAccount } from '../../memory-pool.js'
import { compactCopy, joinBatches } from '../../spill/runs.js'
import type { BatchStream } from '../execution-plan.js'
import { outputRows } from '../output-rows.js'
import { windowColumn } from './window-column.js'

const mostRows = 16_384
/** Of the share: rows, their copies and what is computed of them. */
const windowPart = 0.8
/** What ordering a row takes: its number, its keys, its place among its peers. */
const orderBytes = 40
/** A value and an argument of a window function, as JavaScript has them. */
const valueBytes = 64

/** Copies batches until computing their windows would take the share. @returns whether that was all */
export async function collectWindow(
  context: ExecutionContext,
  account: SpillableAccount,
  stream: BatchStream,
  pieces: Arena,
  batches: RecordBatch[],
  windows: readonly BoundWindow[],
): Promise<boolean> {
  // Texts are there once more as arguments, and as results.
  const copies = 2 + 2 * windows.filter(({ type }) => isVariableLength(type) || isNested(type)).length
  let rows = 0
  for (;;) {
    const next = await stream.next()
    if (next.done === true) return true
    const { rowCount } = next.value
    if (rowCount === 0) continue
    batches.push(compactCopy(pieces, next.value))
    rows += rowCount
    const bytes = pieces.sizeBytes * copies + valuesBytes(rows, windows.length)
    if (bytes > account.shareBytes * windowPart || isOverShare(context, account, windowPart)) return false
  }
}

/** What the windows of so many rows take in JavaScript's memory at once, about. */
const valuesBytes = (rows: number, windows: number): number => rows * (orderBytes + valueBytes + windows * 16)

/** The batches, which lie in `pieces` and hold whole partitions, with a column a window. Rows keep their order. */
export function* windowedBatches(
  context: ExecutionContext,
  account: SpillableAccount,
  pieces: Arena,
  batches: readonly RecordBatch[],
  windows: readonly BoundWindow[],
  schemas: { readonly input: Schema; readonly output: Schema },
): Generator<RecordBatch> {
  if (batches.length === 0) return
  const { columnar } = context
  const arena = new Arena(columnar.heap, account)
  const part = new Arena(columnar.heap, account)
  const batch = joinBatches(arena, schemas.input, batches)
  if (batches.length > 1) pieces.reset()
  const { rowCount } = batch
  const outside = valuesBytes(rowCount, windows.length)
  account.reserve(outside)
  let reserved = outside
  try {
    const added = windows.map((window) => windowColumn(context, arena, window, batch))
    account.release(reserved)
    reserved = 0
    const columns = [...batch.columns, ...added]
    const identity = arena.allocate(rowCount * 4)
    const { i32 } = columnar.heap
    for (let row = 0; row < rowCount; row++) i32[(identity >>> 2) + row] = row
    const step = outputRows(context, [batch], mostRows)
    for (let start = 0; start < rowCount; start += step) {
      part.reset()
      const rows = Math.min(step, rowCount - start)
      const taken =
        rows === rowCount
          ? columns
          : columns.map((column) => takeColumn(columnar, part, column, identity + start * 4, rows))
      yield recordBatch(schemas.output, rows, taken)
    }
  } finally {
    account.release(reserved)
    part.close()
    arena.close()
  }
}
