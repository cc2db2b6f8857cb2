import {
  Arena,
  batchFromRows,
  createEvaluator,
  recordBatch,
  takeBatch,
  takeColumn,
  type Column,
  type JoinMatches,
  type RecordBatch,
} from '@deltaworks/columnar'
import type { Join } from '@deltaworks/plan'
import type { Schema } from '@deltaworks/schema'
import type { ExecutionContext } from '../../execution-context.js'
import type { BatchStream } from '../execution-plan.js'
import type { BuildSide } from './build-side.js'
import { outputRows } from '../output-rows.js'
import { joinResidual } from './join-residual.js'
import type { JoinRoles } from './join-roles.js'

/** Pairs that a step makes at once, about; a batch with more matches is taken in parts. */
const pairRows = 65_536

/** Rows, or null: nothing came of so much work, but others may have their turn. */
type ProbeStep = RecordBatch | null

/** The rows of the steps. */
export async function* stepped(context: ExecutionContext, steps: Generator<ProbeStep>): BatchStream {
  for (const step of steps) {
    const pause = context.pause()
    if (pause !== null) await pause
    context.checkCancelled()
    if (step !== null) yield step
  }
}

/**
 * Meets probe batches with a build side. Which probe rows had a match is kept as a byte a row, `flags`: where the build side
 * comes in parts, they are gathered over all of them before rows that depend on it come out (`unmatchedProbe`).
 */
export class JoinProbe {
  readonly #context: ExecutionContext
  readonly #join: Join
  readonly #roles: JoinRoles
  readonly #schemas: { readonly build: Schema; readonly probe: Schema }
  readonly #keys
  readonly #residual

  constructor(context: ExecutionContext, join: Join, roles: JoinRoles) {
    const { columnar, evaluation } = context
    this.#context = context
    this.#join = join
    this.#roles = roles
    this.#schemas = { build: join[roles.build].schema, probe: join[roles.probe].schema }
    this.#keys = createEvaluator(columnar, roles.probeKeys, this.#schemas.probe, { evaluation })
    this.#residual = joinResidual(context, join, roles)
  }

  /** Whether rows come out that depend on whether a probe row has any match. */
  get asksForMatches(): boolean {
    return this.#roles.keepsProbe || this.#roles.chosen?.side === 'probe'
  }

  /** All that comes of a probe batch. */
  *whole(arena: Arena, batch: RecordBatch, build: BuildSide): Generator<ProbeStep> {
    const { columnar } = this.#context
    const { chosen } = this.#roles
    if (this.#passesOn(build)) {
      yield* this.#once(arena, batch, build)
      return
    }
    if (chosen?.side === 'probe' && this.#residual === null && this.#join.keys.length > 0) {
      const keys = this.#keys.project(arena, batch)
      const rows = build.table.choose(arena, keys, batch.rowCount, chosen.matched)
      if (rows.count > 0) yield rows.count === batch.rowCount ? batch : takeBatch(columnar, arena, batch, rows)
      return
    }
    const flags = this.asksForMatches ? arena.allocateZeroed(batch.rowCount) : 0
    yield* this.pairs(arena, batch, build, flags)
    if (flags !== 0) yield* this.unmatchedProbe(arena, batch, flags)
  }

  /** Whether each probe row gives at most one row, in its place. */
  #passesOn({ table }: BuildSide): boolean {
    return this.#join.keys.length > 0 && table.isUnique && this.#residual === null && this.#roles.chosen === null
  }

  *#once(arena: Arena, batch: RecordBatch, build: BuildSide): Generator<ProbeStep> {
    const { columnar } = this.#context
    const keys = this.#keys.project(arena, batch)
    const [matches] = build.table.probe(arena, keys, batch.rowCount, pairRows)
    const { probeRows, buildRows, count } = matches!
    if (this.#roles.keepsBuild) build.table.markMatched(buildRows, count)
    if (count < batch.rowCount && !this.#roles.keepsProbe) {
      if (count > 0) yield this.#paired(arena, batch, build.batch, matches!)
      return
    }
    let rows = buildRows
    if (count < batch.rowCount) {
      rows = arena.allocate(batch.rowCount * 4)
      columnar.kernels['joinPad']!(probeRows, buildRows, count, batch.rowCount, rows)
    }
    const taken = build.batch.columns.map((column) => takeColumn(columnar, arena, column, rows, batch.rowCount))
    yield recordBatch(this.#join.schema, batch.rowCount, this.#roles.sideBySide(batch.columns, taken))
  }

  /**
   * The pairs of a probe batch, if pairs come out, and marks of who had a match.
   * @param flags of the probe rows; 0: not asked for
   */
  *pairs(arena: Arena, batch: RecordBatch, build: BuildSide, flags: number): Generator<ProbeStep> {
    const { kernels } = this.#context.columnar
    const { chosen, keepsBuild } = this.#roles
    const parts = new Arena(arena.heap, arena.account)
    try {
      for (const found of this.#matches(arena, parts, batch, build)) {
        const matches = this.#residual === null ? found : this.#residual.keep(parts, batch, build.batch, found)
        if (matches.count > 0) {
          if (flags !== 0) kernels['joinMark']!(matches.probeRows, matches.count, flags)
          if (keepsBuild || chosen?.side === 'build') build.table.markMatched(matches.buildRows, matches.count)
          if (chosen === null) yield* this.#inParts(parts, batch, build.batch, matches)
        }
        parts.reset()
        yield null
      }
    } finally {
      parts.close()
    }
  }

  *#matches(arena: Arena, parts: Arena, batch: RecordBatch, build: BuildSide): Generator<JoinMatches> {
    const { kernels } = this.#context.columnar
    const { rowCount } = batch
    if (this.#join.keys.length > 0) {
      yield* build.table.probe(arena, this.#keys.project(arena, batch), rowCount, pairRows, parts)
      return
    }
    const buildRows = build.batch.rowCount
    const width = Math.min(buildRows, pairRows)
    if (width === 0) return
    const height = Math.max(1, Math.floor(pairRows / width))
    for (let from = 0; from < rowCount; from += height) {
      const to = Math.min(rowCount, from + height)
      for (let first = 0; first < buildRows; first += width) {
        const end = Math.min(buildRows, first + width)
        const count = (to - from) * (end - first)
        const pairs = { probeRows: parts.allocate(count * 4), buildRows: parts.allocate(count * 4), count }
        kernels['joinCross']!(from, to, first, end, pairs.probeRows, pairs.buildRows)
        yield pairs
      }
    }
  }

  *#inParts(arena: Arena, probe: RecordBatch, build: RecordBatch, matches: JoinMatches): Generator<ProbeStep> {
    const step = outputRows(this.#context, [probe, build], pairRows)
    if (matches.count <= step) {
      yield this.#paired(arena, probe, build, matches)
      return
    }
    const part = new Arena(arena.heap, arena.account)
    try {
      for (let start = 0; start < matches.count; start += step) {
        part.reset()
        yield this.#paired(part, probe, build, partOf(matches, start, step))
      }
    } finally {
      part.close()
    }
  }

  #columns(arena: Arena, probe: RecordBatch, build: RecordBatch, matches: JoinMatches): Column[] {
    const { columnar } = this.#context
    const { probeRows, buildRows, count } = matches
    return this.#roles.sideBySide(
      probe.columns.map((column) => takeColumn(columnar, arena, column, probeRows, count)),
      build.columns.map((column) => takeColumn(columnar, arena, column, buildRows, count)),
    )
  }

  #paired(arena: Arena, probe: RecordBatch, build: RecordBatch, matches: JoinMatches): RecordBatch {
    return recordBatch(this.#join.schema, matches.count, this.#columns(arena, probe, build, matches))
  }

  /** What comes of probe rows by whether they had a match: those without and nulls, or (semi, anti) those asked for. */
  *unmatchedProbe(arena: Arena, batch: RecordBatch, flags: number): Generator<ProbeStep> {
    const { columnar } = this.#context
    const { chosen } = this.#roles
    const wanted = chosen?.matched ?? 0
    const address = arena.allocate((batch.rowCount + 1) * 4)
    const count = columnar.kernels['joinChosen']!(flags, batch.rowCount, wanted, address)
    if (count === 0) return
    if (chosen !== null) {
      yield count === batch.rowCount ? batch : takeBatch(columnar, arena, batch, { address, count })
      return
    }
    const none = batchFromRows(arena, this.#schemas.build, [])
    yield this.#paired(arena, batch, none, { probeRows: address, buildRows: this.#absent(arena, count), count })
  }

  /** What comes of the build rows, after the last probe batch. */
  *rest(arena: Arena, build: BuildSide): Generator<ProbeStep> {
    const { chosen, keepsBuild } = this.#roles
    if (!keepsBuild && chosen?.side !== 'build') return
    const { address, count } = build.table.chosenRows(arena, chosen?.matched ?? 0)
    const none = chosen === null ? batchFromRows(arena, this.#schemas.probe, []) : null
    const part = new Arena(arena.heap, arena.account)
    const step = outputRows(this.#context, [build.batch], pairRows)
    try {
      for (let start = 0; start < count; start += step) {
        part.reset()
        const rows = { address: address + start * 4, count: Math.min(step, count - start) }
        if (none === null) yield takeBatch(this.#context.columnar, part, build.batch, rows)
        else {
          const probeRows = this.#absent(part, rows.count)
          yield this.#paired(part, none, build.batch, { probeRows, buildRows: rows.address, count: rows.count })
        }
      }
    } finally {
      part.close()
    }
  }

  /** As many row numbers of rows that are not there. */
  #absent(arena: Arena, count: number): number {
    const rows = arena.allocate(count * 4)
    this.#context.columnar.heap.fill(rows, 0xff, count * 4)
    return rows
  }
}

const partOf = ({ probeRows, buildRows, count }: JoinMatches, start: number, step: number): JoinMatches => ({
  probeRows: probeRows + start * 4,
  buildRows: buildRows + start * 4,
  count: Math.min(step, count - start),
})
