import { Arena, createEvaluator, JoinTable, type RecordBatch } from '@deltaworks/columnar'
import type { Join } from '@deltaworks/plan'
import type { Schema } from '@deltaworks/schema'
import type { ExecutionContext } from '../../execution-context.js'
import type { PoolAccount } from '../../memory-pool.js'
import { joinBatches } from '../../spill/runs.js'
import type { JoinRoles } from './join-roles.js'

/** Rows of the build side as one batch, and a table of their keys. */
export interface BuildSide {
  readonly batch: RecordBatch
  readonly table: JoinTable
  close(): void
}

/** What a row of the build side costs beside its columns, about: its place in the table, its key, and room to grow. */
const rowBytes = 64

/** Memory that joining with rows takes: they are copied into one batch, and their keys into a table. */
export const buildBytes = (bytes: number, rows: number): number => bytes * 2 + rows * rowBytes

/** Builds the table over batches that lie in `pieces`, which is reset. */
export function buildSide(
  context: ExecutionContext,
  account: PoolAccount,
  join: Join,
  roles: JoinRoles,
  schema: Schema,
  pieces: Arena,
  batches: readonly RecordBatch[],
): BuildSide {
  const { columnar, evaluation } = context
  const arena = new Arena(columnar.heap, account)
  const { keys } = join
  let table: JoinTable | null = null
  const close = (): void => {
    table?.close()
    arena.close()
  }
  try {
    const joined = joinBatches(arena, schema, batches)
    const isCopy = batches.length > 1
    if (isCopy) pieces.reset()
    const { rowCount } = joined
    const scratch = new Arena(columnar.heap, account)
    try {
      const evaluator = createEvaluator(columnar, roles.buildKeys, schema, { evaluation })
      table = new JoinTable(
        columnar,
        account,
        keys.map((key) => key.left.type),
        keys.map((key) => key.nullSafe),
        rowCount > 0 ? evaluator.project(scratch, joined) : [],
        rowCount,
      )
    } finally {
      scratch.close()
    }
    return {
      batch: joined,
      table,
      close: () => {
        close()
        if (!isCopy) pieces.reset()
      },
    }
  } catch (error) {
    close()
    throw error
  }
}
