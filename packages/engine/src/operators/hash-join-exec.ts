import {
  Arena,
  batchFromRows,
  createEvaluator,
  createFilter,
  JoinTable,
  recordBatch,
  sliceBatch,
  takeBatch,
  takeColumn,
  type Column,
  type JoinMatches,
  type RecordBatch,
} from '@deltaworks/columnar'
import type { Join } from '@deltaworks/plan'
import type { ExecutionContext } from '../execution-context.js'
import { collectBatch, type CollectedBatch } from './collected-batch.js'
import { open, type BatchStream, type ExecutionPlan } from './execution-plan.js'

/** Pairs that a step may make at once; a probe batch with more matches is taken in parts. */
const pairRows = 65_536

/**
 * Equi-joins by a hash table over one input (the build side), probed with the other. A residual condition is evaluated on
 * matching pairs before a row counts as matched. Without keys every pair matches (cross and non-equi joins).
 */
export class HashJoinExec implements ExecutionPlan {
  readonly name: string
  readonly schema
  readonly inputs: readonly ExecutionPlan[]
  readonly #join: Join
  readonly #build: 'left' | 'right'
  readonly #retain: boolean
  #built: BuildSide | null = null

  /** @param retain the build side is the same in every execution: it is built by the first and kept until `close` */
  constructor(join: Join, left: ExecutionPlan, right: ExecutionPlan, build: 'left' | 'right', retain: boolean = false) {
    this.#join = join
    this.#build = build
    this.#retain = retain
    this.schema = join.schema
    this.inputs = [left, right]
    this.name = `${join.keys.length === 0 ? 'NestedLoopJoinExec' : 'HashJoinExec'} (${join.joinType}, build ${build})`
  }

  async *execute(context: ExecutionContext): BatchStream {
    const { keys } = this.#join
    const probeInput = this.#build === 'left' ? this.inputs[1]! : this.inputs[0]!
    const build = this.#built ?? (await this.#buildTable(context))
    if (this.#retain) this.#built = build
    const account = context.pool.account(this.name)
    const arena = new Arena(context.columnar.heap, account)
    try {
      const probeKeys = createEvaluator(
        context.columnar,
        keys.map((key) => (this.#build === 'left' ? key.right : key.left)),
        probeInput.schema,
        { evaluation: context.evaluation },
      )
      const residual = this.#residual(context)
      for await (const batch of open(probeInput, context)) {
        for (const part of keys.length === 0 ? pairParts(arena, batch, build.rows.batch.rowCount) : [batch]) {
          const pause = context.pause()
          if (pause !== null) await pause
          context.checkCancelled()
          arena.reset()
          const matches =
            keys.length === 0
              ? allPairs(arena, part.rowCount, build.rows.batch.rowCount)
              : build.table.probe(arena, probeKeys.project(arena, part), part.rowCount)
          const kept = residual?.(arena, part, build.rows.batch, matches) ?? matches
          yield* this.#emit(context, build.table, arena, part, build.rows.batch, kept)
        }
      }
      yield* this.#rest(context, build.table, arena, build.rows, probeInput)
    } finally {
      arena.close()
      account.close()
      if (!this.#retain) build.close()
    }
  }

  async #buildTable(context: ExecutionContext): Promise<BuildSide> {
    const { keys } = this.#join
    const buildLeft = this.#build === 'left'
    const input = buildLeft ? this.inputs[0]! : this.inputs[1]!
    const rows = await collectBatch(input, context, `${this.name}, build side`)
    const account = context.pool.account(this.name)
    const table = new JoinTable(
      context.columnar,
      account,
      keys.map((key) => key.left.type),
      keys.map((key) => key.nullSafe),
    )
    const close = (): void => {
      table.close()
      account.close()
      rows.close()
    }
    try {
      const evaluator = createEvaluator(
        context.columnar,
        keys.map((key) => (buildLeft ? key.left : key.right)),
        input.schema,
        { evaluation: context.evaluation },
      )
      if (rows.batch.rowCount > 0) table.add(evaluator.project(rows.arena, rows.batch), rows.batch.rowCount)
      table.finish()
      return { rows, table, close }
    } catch (error) {
      close()
      throw error
    }
  }

  close(): void {
    this.#built?.close()
    this.#built = null
  }

  /** Keeps the pairs that satisfy the residual condition. */
  #residual(context: ExecutionContext) {
    const { residual, left, right } = this.#join
    if (residual === null) return null
    const schema = { fields: [...left.schema.fields, ...right.schema.fields] }
    const filter = createFilter(context.columnar, residual, schema, { evaluation: context.evaluation })
    return (arena: Arena, probe: RecordBatch, build: RecordBatch, matches: JoinMatches): JoinMatches => {
      const columns = this.#pairColumns(context, arena, probe, build, matches)
      const selection = filter.select(arena, recordBatch(schema, matches.count, columns))
      const { i32 } = context.columnar.heap
      const kept = {
        probeRows: arena.allocate(selection.count * 4),
        buildRows: arena.allocate(selection.count * 4),
        count: selection.count,
      }
      const fresh = context.columnar.heap.i32
      for (let i = 0; i < selection.count; i++) {
        const pair = i32[(selection.address >>> 2) + i]!
        fresh[(kept.probeRows >>> 2) + i] = fresh[(matches.probeRows >>> 2) + pair]!
        fresh[(kept.buildRows >>> 2) + i] = fresh[(matches.buildRows >>> 2) + pair]!
      }
      return kept
    }
  }

  /** Left columns, then right columns, of pairs; a row number of -1 gives nulls. */
  #pairColumns(
    context: ExecutionContext,
    arena: Arena,
    probe: RecordBatch,
    build: RecordBatch,
    matches: JoinMatches,
  ): Column[] {
    return this.#sideBySide(
      this.#taken(context, arena, probe, matches.probeRows, matches.count),
      this.#taken(context, arena, build, matches.buildRows, matches.count),
    )
  }

  #taken({ columnar }: ExecutionContext, arena: Arena, batch: RecordBatch, rows: number, count: number): Column[] {
    return batch.columns.map((column) => takeColumn(columnar, arena, column, rows, count))
  }

  #sideBySide(probe: readonly Column[], build: readonly Column[]): Column[] {
    return this.#build === 'left' ? [...build, ...probe] : [...probe, ...build]
  }

  async *#emit(
    context: ExecutionContext,
    table: JoinTable,
    arena: Arena,
    probe: RecordBatch,
    build: RecordBatch,
    matches: JoinMatches,
  ): BatchStream {
    const { joinType } = this.#join
    const probeIsLeft = this.#build === 'right'
    const keepsProbe =
      joinType === 'full' || (joinType === 'left' && probeIsLeft) || (joinType === 'right' && !probeIsLeft)
    const keepsBuild =
      joinType === 'full' || (joinType === 'left' && !probeIsLeft) || (joinType === 'right' && probeIsLeft)
    const semi = joinType === 'left_semi' || joinType === 'left_anti'
    if (keepsBuild || (semi && !probeIsLeft)) table.markMatched(matches.buildRows, matches.count)
    if (semi) {
      if (!probeIsLeft) return
      const selection = rowsByMatch(context, arena, probe.rowCount, matches, joinType === 'left_semi')
      if (selection.count === probe.rowCount) yield probe
      else if (selection.count > 0) yield takeBatch(context.columnar, arena, probe, selection)
      return
    }
    const pairs = keepsProbe ? withUnmatched(context, arena, probe.rowCount, matches) : matches
    // Each probe row once, in its order: its columns are passed on.
    if (table.isUnique && pairs.count === probe.rowCount) {
      const columns = this.#sideBySide(probe.columns, this.#taken(context, arena, build, pairs.buildRows, pairs.count))
      yield recordBatch(this.schema, pairs.count, columns)
      return
    }
    for (let start = 0; start < pairs.count; start += pairRows) {
      const part = {
        probeRows: pairs.probeRows + start * 4,
        buildRows: pairs.buildRows + start * 4,
        count: Math.min(pairRows, pairs.count - start),
      }
      yield recordBatch(this.schema, part.count, this.#pairColumns(context, arena, probe, build, part))
    }
  }

  /** Build rows that had no match, where the join keeps them (or, for semi and anti, asks for them). */
  async *#rest(
    context: ExecutionContext,
    table: JoinTable,
    arena: Arena,
    build: CollectedBatch,
    probeInput: ExecutionPlan,
  ): BatchStream {
    const { joinType } = this.#join
    const probeIsLeft = this.#build === 'right'
    const keepsBuild =
      joinType === 'full' || (joinType === 'left' && !probeIsLeft) || (joinType === 'right' && probeIsLeft)
    const semi = (joinType === 'left_semi' || joinType === 'left_anti') && !probeIsLeft
    if (!keepsBuild && !semi) return
    arena.reset()
    const unmatched = table.unmatchedRows(arena)
    if (semi) {
      const selection =
        joinType === 'left_anti'
          ? unmatched
          : complement(context, arena, unmatched.address, unmatched.count, build.batch.rowCount)
      if (selection.count > 0) yield takeBatch(context.columnar, arena, build.batch, selection)
      return
    }
    if (unmatched.count === 0) return
    const nothing = arena.allocate(unmatched.count * 4)
    context.columnar.heap.i32.fill(-1, nothing >>> 2, (nothing >>> 2) + unmatched.count)
    const none = recordBatch(probeInput.schema, 0, emptyColumns(arena, probeInput))
    const columns = this.#pairColumns(context, arena, none, build.batch, {
      probeRows: nothing,
      buildRows: unmatched.address,
      count: unmatched.count,
    })
    yield recordBatch(this.schema, unmatched.count, columns)
  }
}

interface BuildSide {
  readonly rows: CollectedBatch
  readonly table: JoinTable
  close(): void
}

const emptyColumns = (arena: Arena, plan: ExecutionPlan): readonly Column[] =>
  batchFromRows(arena, plan.schema, []).columns

/** Parts of a batch so small that each may be paired with every build row at once. */
function* pairParts(arena: Arena, batch: RecordBatch, buildRows: number): Generator<RecordBatch> {
  const rows = Math.max(1, Math.floor(pairRows / Math.max(1, buildRows)))
  if (rows >= batch.rowCount) {
    yield batch
    return
  }
  const slices = new Arena(arena.heap)
  try {
    for (let start = 0; start < batch.rowCount; start += rows) {
      slices.reset()
      yield sliceBatch(slices, batch, start, Math.min(batch.rowCount, start + rows))
    }
  } finally {
    slices.close()
  }
}

function allPairs(arena: Arena, probeCount: number, buildCount: number): JoinMatches {
  const count = probeCount * buildCount
  const probeRows = arena.allocate(count * 4)
  const buildRows = arena.allocate(count * 4)
  const { i32 } = arena.heap
  let at = 0
  for (let probe = 0; probe < probeCount; probe++) {
    for (let build = 0; build < buildCount; build++) {
      i32[(probeRows >>> 2) + at] = probe
      i32[(buildRows >>> 2) + at++] = build
    }
  }
  return { probeRows, buildRows, count }
}

/** Probe rows that have a match (or have none), ascending. Matches come in probe order. */
function rowsByMatch(
  context: ExecutionContext,
  arena: Arena,
  rowCount: number,
  matches: JoinMatches,
  matched: boolean,
) {
  const address = arena.allocate(rowCount * 4)
  const { i32 } = context.columnar.heap
  let count = 0
  let at = 0
  for (let row = 0; row < rowCount; row++) {
    let found = false
    while (at < matches.count && i32[(matches.probeRows >>> 2) + at] === row) {
      found = true
      at++
    }
    if (found === matched) i32[(address >>> 2) + count++] = row
  }
  return { address, count }
}

/** The pairs, and each probe row without one paired with -1; in probe order. */
function withUnmatched(context: ExecutionContext, arena: Arena, rowCount: number, matches: JoinMatches): JoinMatches {
  const probeRows = arena.allocate((matches.count + rowCount) * 4)
  const buildRows = arena.allocate((matches.count + rowCount) * 4)
  const { i32 } = context.columnar.heap
  let count = 0
  let at = 0
  for (let row = 0; row < rowCount; row++) {
    if (at >= matches.count || i32[(matches.probeRows >>> 2) + at] !== row) {
      i32[(probeRows >>> 2) + count] = row
      i32[(buildRows >>> 2) + count++] = -1
    }
    for (; at < matches.count && i32[(matches.probeRows >>> 2) + at] === row; at++) {
      i32[(probeRows >>> 2) + count] = row
      i32[(buildRows >>> 2) + count++] = i32[(matches.buildRows >>> 2) + at]!
    }
  }
  return { probeRows, buildRows, count }
}

function complement(
  context: ExecutionContext,
  arena: Arena,
  excluded: number,
  excludedCount: number,
  rowCount: number,
) {
  const address = arena.allocate(rowCount * 4)
  const { i32 } = context.columnar.heap
  let count = 0
  let at = 0
  for (let row = 0; row < rowCount; row++) {
    if (at < excludedCount && i32[(excluded >>> 2) + at] === row) at++
    else i32[(address >>> 2) + count++] = row
  }
  return { address, count }
}
