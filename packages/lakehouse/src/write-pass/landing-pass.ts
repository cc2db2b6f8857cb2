import { randomUUID } from 'node:crypto'
import type { TableSession } from '@deltaworks/delta-table'
import type { FileSink, RowSums, Session, SplitOutput, SplitSink } from '@deltaworks/engine'
import {
  bind,
  bindAggregate,
  col,
  lit,
  type AggregateCall,
  type BoundExpression,
  type Expr,
} from '@deltaworks/expression'
import { columnOf, type DataFrame } from '@deltaworks/plan'
import { field, fieldIndex, type Field, type Schema, type Value } from '@deltaworks/schema'
import { joinPath } from '@deltaworks/storage'
import { landingColumns } from '../landing-columns.js'
import { CapturedWrite } from './captured-write.js'
import { inPlaceOf, passingRows, rowExpressions } from './passing-rows.js'
import { deleteFiles, readWritten, type WrittenRows } from './written-files.js'

export interface LandingPassOptions {
  /** The landed rows, and behind their columns what aggregates ask of each. */
  readonly rows: DataFrame
  /** The landed rows' own columns. */
  readonly landed: Schema
  readonly aggregates: Readonly<Record<string, Expr>>
  /** Where malformed rows go: with the others, to files of their own, or nowhere. */
  readonly malformed: 'together' | 'apart' | 'nowhere'
  readonly signal: AbortSignal | undefined
}

const { sourceFile, sourceLine, sourceOffset, rawRecord, corruptReason } = landingColumns
const malformedColumns = [sourceFile, sourceLine, sourceOffset, rawRecord, corruptReason]

/** Rows that are written and measured, and in no commit yet. */
export class LandingPass<T> {
  /** Of the aggregates, with their fields. */
  readonly values: readonly Value[]
  readonly fields: readonly Field[]
  /** What the rows that are written add up to, by the columns of `schema`. */
  readonly sums: RowSums
  readonly #write: CapturedWrite<T>
  readonly #good: WrittenRows
  readonly #malformed: WrittenRows
  #isCommitted = false

  constructor(
    write: CapturedWrite<T>,
    [good, malformed]: readonly [good: WrittenRows, malformed: WrittenRows],
    { values, fields, sums }: Pick<LandingPass<T>, 'values' | 'fields' | 'sums'>,
  ) {
    this.sums = sums
    this.#write = write
    this.#good = good
    this.#malformed = malformed
    this.values = values
    this.fields = fields
  }

  /** Columns of the rows that are written. */
  get schema(): Schema {
    return this.#good.schema
  }

  /** Malformed rows that were kept apart: their file, line, byte, text and reason. They are gone after `commit` and `discard`. */
  get malformed(): DataFrame {
    return readWritten('malformed rows', this.#malformed, this.#malformed.schema)
  }

  /** Commits the rows. If that fails nothing is left of them, unless nobody knows whether it did. */
  async commit(): Promise<T> {
    const { files } = this.#good
    this.#isCommitted = true
    try {
      return await this.#write.finish({ files, rowCount: files.reduce((sum, { rowCount }) => sum + rowCount, 0) })
    } finally {
      await deleteFiles(this.#malformed)
    }
  }

  /** After `commit` it does nothing: then the files are the table's, or the write has deleted them. */
  async discard(): Promise<void> {
    if (this.#isCommitted) return
    await this.#write.giveUp()
    await deleteFiles(this.#good)
    await deleteFiles(this.#malformed)
  }
}

/**
 * Reads landing files once: what a table's write makes of each row is written, malformed rows are written apart, and aggregates
 * are computed of all of them, on the same batches.
 * @param write makes of the landed rows those of the table, and writes them with the session that it is given
 * @returns null if it makes of the rows what no single row gives: then nothing was done
 */
export async function passLanding<T>(
  engine: Session,
  write: (session: TableSession, landed: DataFrame) => Promise<T>,
  options: LandingPassOptions,
): Promise<LandingPass<T> | null> {
  const { rows, landed, malformed, signal } = options
  const passing = passingRows('landed rows', landed)
  const captured = new CapturedWrite(engine, passing, write, ({ plan, sink }) => {
    const wanted = malformed === 'together' ? rows : rows.filter(col(corruptReason).isNull())
    return engine.writeFiles(inPlaceOf(plan, passing, wanted.select(...landed.fields.map((f) => f.name)).plan), sink)
  })
  try {
    const asked = await captured.asked
    const expressions = asked === null ? null : rowExpressions(asked.plan, passing)
    if (asked === null || expressions === null) {
      await captured.giveUp()
      return null
    }
    const target = { expressions, schema: asked.plan.schema, sink: asked.sink, summed: true }
    const { sink, fields } = splitOf(rows.schema, target, options)
    const { files, measures, sums } = await engine.writeSplit(rows.plan, sink, { signal })
    const [good, apart] = sink.outputs.map(({ schema, sink }, i) => ({ files: files[i]!, schema, sink }))
    return new LandingPass(captured, [good!, apart!], { values: measures!, fields, sums: sums[0]! })
  } catch (error) {
    await captured.giveUp()
    throw error
  }
}

function splitOf(
  columns: Schema,
  target: SplitOutput,
  { aggregates, malformed }: LandingPassOptions,
): { readonly sink: SplitSink; readonly fields: readonly Field[] } {
  const measures = Object.entries(aggregates).map(
    ([name, aggregate]) => [name, bindAggregate(aggregate.node as AggregateCall, columns)] as const,
  )
  const fields = measures.map(([name, { type, nullable }]) => field(name, type, nullable))
  const condition = (wanted: Expr): BoundExpression => bind(wanted.node, columns)
  const [none, all] = [condition(lit(false)), condition(lit(true))]
  const routes = {
    together: [all, none],
    apart: [condition(col(corruptReason).isNull()), condition(col(corruptReason).isNotNull())],
    nowhere: [condition(col(corruptReason).isNull()), none],
  }
  const sink: SplitSink = {
    computed: [],
    routes: routes[malformed],
    outputs: [target, malformedOutput(columns, target.sink)],
    measures: { aggregates: measures.map(([, aggregate]) => aggregate), schema: { fields } },
  }
  return { sink, fields }
}

/** Malformed rows beside the table's own files: those that a crash leaves, VACUUM finds. */
function malformedOutput(columns: Schema, { store, directory, targetFileBytes }: FileSink): SplitOutput {
  const places = malformedColumns.map((name) => fieldIndex(columns, name))
  return {
    expressions: places.map((index) => columnOf(columns, index)),
    schema: { fields: places.map((index) => columns.fields[index]!) },
    sink: {
      store,
      directory: joinPath(directory, `malformed-${randomUUID()}`),
      partitionBy: [],
      compression: 'snappy',
      targetFileBytes,
    },
  }
}
