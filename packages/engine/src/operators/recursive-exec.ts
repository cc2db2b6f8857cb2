import { Arena, GroupTable, recordBatch, takeBatch, writeSegment, type RecordBatch } from '@deltaworks/columnar'
import { segmentTable, stepOver, type LogicalPlan, type MemorySegment, type Recursive } from '@deltaworks/plan'
import type { ExecutionContext } from '../execution-context.js'
import { closePlan, open, type BatchStream, type ExecutionPlan } from './execution-plan.js'

/**
 * WITH RECURSIVE: each round reads what the one before gave, kept as segments, until a round gives nothing. It stops as soon as
 * nobody asks for more rows.
 */
export class RecursiveExec implements ExecutionPlan {
  readonly name: string
  readonly schema
  readonly inputs: readonly ExecutionPlan[]
  readonly #recursive: Recursive
  readonly #physical: (plan: LogicalPlan) => ExecutionPlan

  constructor(recursive: Recursive, physical: (plan: LogicalPlan) => ExecutionPlan) {
    this.#recursive = recursive
    this.#physical = physical
    this.schema = recursive.schema
    this.inputs = [physical(recursive.initial)]
    this.name = `RecursiveExec (${recursive.workingTable.name})`
  }

  async *execute(context: ExecutionContext): BatchStream {
    const { distinct, workingTable, schema } = this.#recursive
    const account = context.pool.account(this.name)
    const arena = new Arena(context.columnar.heap, account)
    const types = schema.fields.map((f) => f.type)
    const seen = distinct ? new GroupTable(context.columnar, account, types) : null
    let round = this.inputs[0]!
    try {
      for (;;) {
        const segments: MemorySegment[] = []
        for await (const batch of open(round, context)) {
          arena.reset()
          const fresh = seen === null ? batch : newRows(context, arena, seen, batch)
          if (fresh.rowCount === 0) continue
          segments.push({ segment: writeSegment(context.columnar.heap, schema, [fresh]), rowCount: fresh.rowCount })
          yield recordBatch(schema, fresh.rowCount, fresh.columns)
        }
        if (round !== this.inputs[0]) closePlan(round)
        if (segments.length === 0) return
        round = this.#physical(stepOver(this.#recursive, segmentTable(workingTable.name, schema, segments)))
      }
    } finally {
      seen?.close()
      arena.close()
      account.close()
    }
  }
}

/** The rows whose key is the first of its group. */
function newRows(context: ExecutionContext, arena: Arena, seen: GroupTable, batch: RecordBatch): RecordBatch {
  const known = seen.groupCount
  const groups = arena.allocate(batch.rowCount * 4)
  seen.insert(batch.columns, batch.rowCount, groups)
  const { heap } = context.columnar
  let next = known
  const rows: number[] = []
  for (let row = 0; row < batch.rowCount; row++) {
    if (heap.i32[(groups >>> 2) + row] !== next) continue
    rows.push(row)
    next++
  }
  const places = arena.allocate(Math.max(4, rows.length * 4))
  heap.i32.set(rows, places >>> 2)
  return takeBatch(context.columnar, arena, batch, { address: places, count: rows.length })
}
