import type { DeltaTable, TableSession } from '@deltaworks/delta-table'
import type { FileSink, Session, SplitOutput } from '@deltaworks/engine'
import { agg, type BoundExpression } from '@deltaworks/expression'
import { scan, valuesNode, type Aggregate, type DataFrame, type LogicalPlan } from '@deltaworks/plan'
import {
  routeRows,
  rowsDoNotReconcile,
  splitRows,
  verify,
  type RoutedRows,
  type RowCounts,
  type Rule,
  type SplitOptions,
  type VerificationResult,
  type VerifyOptions,
} from '@deltaworks/quality'
import type { Value } from '@deltaworks/schema'
import { anyFrame, type AnyFrame } from '../any-frame.js'
import { CapturedWrite } from './captured-write.js'
import { inPlaceOf, passingRows, readsTable, rowExpressions } from './passing-rows.js'
import { planSplit, refusedSchema } from './split-plan.js'
import { countOf, deleteFiles, readWritten, type WrittenRows } from './written-files.js'

export interface CheckedWriteOptions extends VerifyOptions, Pick<SplitOptions, 'rowOrder' | 'statements'> {
  /**
   * Sees what rules said before anything is committed, and the rows that are refused, to keep them elsewhere: they are gone when
   * it is done. What it throws refuses the whole write.
   */
  readonly settle?: (judged: JudgedWrite) => Promise<void>
  /**
   * Writes refused rows (with `failed_rules` and `failure_reasons`) to a table of their own, as `write` does the others: their files
   * come of the same pass. It is committed after `settle`, before the rows that pass; not at all if no row is refused.
   */
  readonly quarantine?: (session: TableSession, rows: DataFrame) => Promise<DeltaTable>
}

export interface JudgedWrite {
  readonly verification: VerificationResult
  /** Counted as they were written; input = good + quarantined + dropped. */
  readonly counts: RowCounts
  /** Rows that a quarantining rule fails on, with `failed_rules` and `failure_reasons`; null if there are none. */
  readonly refused: DataFrame | null
}

export interface CheckedWrite extends Omit<JudgedWrite, 'refused'> {
  /** Null if a critical rule failed: then nothing was committed, and nothing is left of the write. */
  readonly table: DeltaTable | null
}

/**
 * Writes rows and evaluates rules on them in the same pass: what rules measure is measured on the batches that are written, and
 * each row goes to the table's files, to those of refused rows, or nowhere. Then the write is committed or, if a critical rule
 * failed, taken back. Rules that need a grouping or another table read the columns that they need from what was written.
 * @param write writes the rows that it is given with the session that it is given: `(session, rows) => DeltaTable.createWith(session,
 * uri, rows)`. Rows that it changes beyond columns and types are written in a pass of their own.
 * @throws QualityError DW-QUALITY-0013 if the counts do not add up; then nothing is committed
 */
export async function writeChecked(
  session: Session,
  rows: AnyFrame,
  rules: readonly Rule[],
  write: (session: TableSession, rows: DataFrame) => Promise<DeltaTable>,
  options: CheckedWriteOptions = {},
): Promise<CheckedWrite> {
  const pass = new WritePass(session, anyFrame(rows), rules, options)
  try {
    const table = await write(pass.session, scan(pass.good))
    return { table, verification: pass.judged!.verification, counts: pass.judged!.counts }
  } catch (error) {
    if (error !== refusedByRules) throw error
    return { table: null, verification: pass.judged!.verification, counts: pass.judged!.counts }
  }
}

const refusedByRules = new Error('a critical rule failed')

/** What the pass over the rows gave. */
interface Passed {
  readonly good: WrittenRows
  readonly refused: WrittenRows
  readonly dropped: number
  readonly measures: readonly Value[]
}

class WritePass {
  /** The rows that pass, for the one who writes them. */
  readonly good
  readonly session: TableSession
  judged: JudgedWrite | null = null
  readonly #engine: Session
  readonly #rows: DataFrame
  readonly #rules: readonly Rule[]
  readonly #options: CheckedWriteOptions
  /** All rows, for the rules. */
  readonly #all
  readonly #routed: RoutedRows
  /** All refused rows, for the one who writes them. */
  readonly #refusedRows
  #refusedInto: SplitOutput | null = null
  /** Whether a table's log names the files of refused rows. */
  #isKept = false
  #passed: Passed | null = null

  constructor(engine: Session, rows: DataFrame, rules: readonly Rule[], options: CheckedWriteOptions) {
    this.#engine = engine
    this.#rows = rows
    this.#rules = rules
    this.#options = { ...options, nowMicros: options.nowMicros ?? BigInt(Date.now()) * 1000n }
    this.good = passingRows('rows that pass', rows.schema)
    this.#all = passingRows('all rows', rows.schema)
    this.#routed = routeRows(rows, rules, this.#options)
    this.#refusedRows = passingRows('rows that are refused', refusedSchema(rows.schema, this.#routed))
    this.session = {
      context: engine.context,
      pool: engine.pool,
      collect: (query, run) => engine.collect(query, run),
      stream: (query, run) => engine.stream(query, run),
      materialise: (query, run) => engine.materialise(query, run),
      writeFiles: (plan, sink, run) =>
        readsTable(plan, this.good) ? this.#write(plan, sink) : engine.writeFiles(plan, sink, run),
    }
  }

  async #write(plan: LogicalPlan, sink: FileSink) {
    this.#passed = null
    const expressions = rowExpressions(plan, this.good)
    if (expressions === null) return this.#writeAgain(plan, sink)
    const target: SplitOutput = { expressions, schema: plan.schema, sink }
    const all = scan(this.#all)
    const quarantine = this.#options.quarantine === undefined ? null : this.#captured(this.#options.quarantine)
    try {
      this.#refusedInto = quarantine === null ? null : await this.#directly(quarantine, target)
      const verification = await verify(this.#runner(target), all, this.#rules, this.#options)
      // No rule asked for anything: the rows are still to be written.
      const { good, refused, dropped } = this.#passed ?? (await this.#pass(target, null))
      const counts: RowCounts = {
        input: verification.rowCount,
        good: countOf(good),
        quarantined: countOf(refused),
        dropped,
      }
      if (counts.input !== counts.good + counts.quarantined + counts.dropped) throw rowsDoNotReconcile(counts)
      await this.#settle({
        verification,
        counts,
        refused: counts.quarantined === 0 ? null : readWritten('refused rows', refused, refused.schema),
      })
      if (quarantine !== null) await this.#quarantine(quarantine, refused)
      if (verification.status === 'failed') throw refusedByRules
      if (!this.#isKept) await deleteFiles(refused)
      return { files: good.files, rowCount: counts.good }
    } catch (error) {
      await quarantine?.giveUp()
      const { good, refused } = this.#passedOrNothing()
      if (good !== null) await deleteFiles(good)
      if (refused !== null && !this.#isKept) await deleteFiles(refused)
      throw error
    }
  }

  #passedOrNothing(): { readonly good: WrittenRows | null; readonly refused: WrittenRows | null } {
    return this.#passed ?? { good: null, refused: null }
  }

  async #settle(judged: JudgedWrite): Promise<void> {
    this.judged = judged
    await this.#options.settle?.(judged)
  }

  #captured(write: NonNullable<CheckedWriteOptions['quarantine']>): CapturedWrite<DeltaTable> {
    this.#isKept = false
    return new CapturedWrite(this.#engine, this.#refusedRows, write)
  }

  /** The output of refused rows, if the table that they go to takes their columns as they are, in the same store. */
  async #directly(quarantine: CapturedWrite<DeltaTable>, { sink }: SplitOutput): Promise<SplitOutput | null> {
    const asked = await quarantine.asked
    if (asked === null || asked.sink.store !== sink.store || asked.sink.partitionBy.length > 0) return null
    const { plan } = asked
    const expressions = rowExpressions(plan, this.#refusedRows)
    const { fields } = this.#refusedRows.schema
    const isSame = (e: BoundExpression, i: number): boolean =>
      (e.kind === 'column' && e.index === i) || (e.kind === 'cast' && isSame(e.input, i))
    const areSame =
      expressions?.length === fields.length &&
      expressions.every(isSame) &&
      plan.schema.fields.every(({ name }, i) => name === fields[i]!.name)
    return areSame ? { expressions: expressions!, schema: plan.schema, sink: asked.sink } : null
  }

  /** Commits the refused rows to the table that they go to. */
  async #quarantine(quarantine: CapturedWrite<DeltaTable>, refused: WrittenRows): Promise<void> {
    const asked = await quarantine.asked
    const rowCount = countOf(refused)
    if (asked === null) return
    if (rowCount === 0) return quarantine.giveUp()
    if (this.#refusedInto === null) {
      const rows = readWritten('refused rows', refused, refused.schema)
      const { plan, sink } = asked
      const copied = await this.#engine.writeFiles(inPlaceOf(plan, this.#refusedRows, rows.plan), sink, {
        signal: this.#options.signal,
      })
      await quarantine.finish(copied)
      return
    }
    // From here on they belong to that table's log.
    this.#isKept = true
    await quarantine.finish({ files: refused.files, rowCount })
  }

  /** What the writer makes of the rows is no matter of single rows: rules look at them first, then they are written. */
  async #writeAgain(plan: LogicalPlan, sink: FileSink) {
    const { signal } = this.#options
    const verification = await verify(this.#engine, this.#rows, this.#rules, this.#options)
    const { good, bad, dropped } = splitRows(this.#rows, this.#rules, this.#options)
    const refused = await this.#engine.materialise(bad, { name: 'refused rows', signal })
    const quarantined = refused.statistics.rowCount ?? 0
    const left = await this.#engine.collect(dropped.agg({ rows: agg.count() }), { signal })
    const kept = await this.#engine.collect(good.agg({ rows: agg.count() }), { signal })
    const counts: RowCounts = {
      input: verification.rowCount,
      good: Number(kept.rows[0]![0]),
      quarantined,
      dropped: Number(left.rows[0]![0]),
    }
    if (counts.input !== counts.good + counts.quarantined + counts.dropped) throw rowsDoNotReconcile(counts)
    await this.#settle({ verification, counts, refused: quarantined === 0 ? null : scan(refused) })
    if (quarantined > 0) await this.#options.quarantine?.(this.#engine, scan(refused))
    if (verification.status === 'failed') throw refusedByRules
    return this.#engine.writeFiles(inPlaceOf(plan, this.good, good.plan), sink, { signal })
  }

  /** Answers the rules: their first question about all rows writes these, later ones read what was written. */
  #runner(target: SplitOutput): Parameters<typeof verify>[0] {
    const answer = async (plan: LogicalPlan): Promise<LogicalPlan> => {
      const aggregate = plan.kind === 'projection' ? plan.input : plan
      const isShared = aggregate.kind === 'aggregate' && aggregate.groupBy.length === 0 && this.#isAll(aggregate.input)
      if (this.#passed === null && aggregate.kind === 'aggregate' && aggregate.input.kind === 'limit')
        return this.#guess(plan)
      if (!isShared || this.#passed !== null) return inPlaceOf(plan, this.#all, this.#written())
      // Values of a distinct aggregate may be as many as the rows.
      const measures = aggregate.aggregates.some(({ distinct }) => distinct) ? null : aggregate
      const passed = await this.#pass(target, measures)
      if (measures === null) return inPlaceOf(plan, this.#all, this.#written())
      const row = valuesNode(aggregate.schema, [passed.measures])
      return plan.kind === 'projection' ? { ...plan, input: row } : row
    }
    const planOf = (query: Parameters<Session['collect']>[0]): LogicalPlan => ('plan' in query ? query.plan : query)
    const engine = this.#engine
    return {
      context: engine.context,
      collect: async (query, run) => engine.collect(await answer(planOf(query)), run),
      stream: async function* (query, run) {
        yield* engine.stream(await answer(planOf(query)), run)
      },
    }
  }

  /** What first rows tell (where a mean may be) helps, but is not worth computing rows for twice: then nothing is known of it. */
  #guess(plan: LogicalPlan): LogicalPlan {
    return this.#rows.plan.kind === 'scan'
      ? inPlaceOf(plan, this.#all, this.#rows.plan)
      : valuesNode(plan.schema, [plan.schema.fields.map(() => null)])
  }

  readonly #isAll = (plan: LogicalPlan): boolean => plan.kind === 'scan' && plan.table === this.#all

  /** All rows as they were written; as they are read, before that or if some were written nowhere. */
  #written(): LogicalPlan {
    const { schema } = this.#rows
    if (this.#passed === null || this.#passed.dropped > 0) return this.#rows.plan
    const { good, refused } = this.#passed
    const kept = readWritten('written rows', good, schema)
    return countOf(refused) === 0 ? kept.plan : kept.union(readWritten('refused rows', refused, schema)).plan
  }

  /** The pass over the rows. */
  async #pass(target: SplitOutput, measures: Aggregate | null): Promise<Passed> {
    const { sink, refused } = planSplit(this.#rows.schema, this.#routed, target, measures, this.#refusedInto)
    const { signal } = this.#options
    const { files, measures: found } = await this.#engine.writeSplit(this.#routed.rows.plan, sink, { signal })
    this.#passed = {
      good: { files: files[0]!, schema: target.schema, sink: target.sink },
      refused: { files: files[1]!, schema: refused.schema, sink: refused.sink },
      dropped: Number(found!.at(-1)),
      measures: found!.slice(0, -1),
    }
    return this.#passed
  }
}
