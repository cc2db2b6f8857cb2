import {
  atRow,
  columnsOf,
  evaluatorOf,
  ExpressionError,
  formatExpression,
  formatLiteral,
  type BoundExpression,
  type Evaluate,
  type EvaluationContext,
} from '@deltaworks/expression'
import { isDeltaworksError, isFloat, isNested, isVariableLength, type Value } from '@deltaworks/schema'
import type { Arena } from '../arena.js'
import { dictionaryColumn, type Column } from '../column.js'
import type { ColumnarContext } from '../context.js'
import { GroupTable } from '../group-table.js'
import type { RecordBatch } from '../record-batch.js'
import { takeColumn } from '../take.js'
import { readValue } from '../read-values.js'
import { columnFromValues } from '../values.js'

/** A batch of fewer rows is evaluated row by row sooner than its values are told apart. */
const encodedFrom = 512
/** Batches of mostly different values, after which the rest is taken for such. */
const maxFutile = 3

/**
 * An expression evaluated by the interpreter: once a different value where it reads one column only, whose values often repeat,
 * else row by row.
 */
export class InterpretedExpression {
  readonly #context: ColumnarContext
  readonly #evaluation: EvaluationContext
  readonly #expression: BoundExpression
  readonly #evaluate: Evaluate
  readonly columns: readonly number[]
  readonly #row: Value[]
  #futile = 0

  constructor(context: ColumnarContext, expression: BoundExpression, evaluation: EvaluationContext) {
    this.#context = context
    this.#evaluation = evaluation
    this.#expression = expression
    this.#evaluate = evaluatorOf(expression)
    this.columns = columnsOf(expression)
    this.#row = new Array<Value>((this.columns[this.columns.length - 1] ?? -1) + 1).fill(null)
  }

  column(arena: Arena, batch: RecordBatch): Column {
    const single = this.columns.length === 1 ? this.#encoded(arena, batch.columns[this.columns[0]!]!) : null
    if (single !== null) {
      const column = this.#byEntry(arena, single, single.dictionary!)
      if (column !== null) return column
    }
    const values = new Array<Value>(batch.rowCount)
    for (let row = 0; row < batch.rowCount; row++) values[row] = this.value(batch, row)
    return columnFromValues(arena, this.#expression.type, values)
  }

  /** The column as codes of a dictionary of its values; null if they seldom repeat. */
  #encoded(arena: Arena, column: Column): Column | null {
    const { type, length, dictionary, validity, nullCount } = column
    if (dictionary !== null) return dictionary.length * 2 <= length ? column : null
    // Groups do not tell 0 from -0, and nested values are not worth a table.
    if (length < encodedFrom || this.#futile >= maxFutile || isFloat(type) || isNested(type)) return null
    const table = new GroupTable(this.#context, arena.account, [type], [false])
    try {
      const codes = arena.allocate(length * 4)
      table.insert([column], length, codes)
      if (table.groupCount * 2 > length) {
        this.#futile++
        return null
      }
      return dictionaryColumn(table.keys(arena)[0]!, length, codes, validity, nullCount)
    } finally {
      table.close()
    }
  }

  /** The value of one row. @throws ExpressionError with the row's place and values */
  value(batch: RecordBatch, row: number): Value {
    const { heap } = this.#context
    for (const index of this.columns) this.#row[index] = readValue(heap, batch.columns[index]!, row)
    try {
      return this.#evaluate(this.#row, this.#evaluation)
    } catch (error) {
      throw this.#placed(error, batch, row)
    }
  }

  #placed(error: unknown, batch: RecordBatch, row: number): unknown {
    if (!isDeltaworksError(error) || !(error instanceof ExpressionError) || error.fault !== 'data') return error
    const values: Record<string, string> = {}
    for (const index of this.columns) {
      const { name, type } = batch.schema.fields[index]!
      values[name] = formatLiteral(this.#row[index]!, type)
    }
    return atRow(error, formatExpression(this.#expression), row, values)
  }

  /** @returns null if an entry fails: then only the rows decide whether that is an error */
  #byEntry(arena: Arena, column: Column, dictionary: Column): Column | null {
    const { heap } = this.#context
    const index = this.columns[0]!
    const results = new Array<Value>(dictionary.length + 1)
    try {
      for (let entry = 0; entry <= dictionary.length; entry++) {
        this.#row[index] = entry === dictionary.length ? null : readValue(heap, dictionary, entry)
        // Most expressions are never asked for null; a failure for it must not be one for all.
        results[entry] =
          entry === dictionary.length && column.validity === 0 ? null : this.#evaluate(this.#row, this.#evaluation)
      }
    } catch {
      return null
    }
    return spreadEntries(this.#context, arena, this.#expression, column, results)
  }
}

/** A column of `results[code]` a row; the last result is that of a null row. */
function spreadEntries(
  context: ColumnarContext,
  arena: Arena,
  { type }: BoundExpression,
  column: Column,
  results: readonly Value[],
): Column {
  const { length } = column
  const known = new Map<Value, number>()
  const distinct: Value[] = []
  const place = new Int32Array(results.length)
  results.forEach((result, entry) => {
    if (result === null) {
      place[entry] = -1
      return
    }
    // A map takes -0 for 0, and nested values by identity: each of those is an entry of its own.
    const key =
      typeof result === 'object' || Object.is(result, -0)
        ? `#${entry}`
        : typeof result === 'string'
          ? `=${result}`
          : result
    let at = known.get(key)
    if (at === undefined) {
      at = distinct.length
      distinct.push(result)
      known.set(key, at)
    }
    place[entry] = at
  })
  const target = arena.allocate(length * 4)
  const entries = columnFromValues(arena, type, distinct)
  const validity = results.includes(null) ? arena.allocateZeroed((length + 7) >> 3) : 0
  const { i32, u8 } = context.heap
  const codes = column.values >>> 2
  let nullCount = 0
  for (let row = 0; row < length; row++) {
    const present = column.validity === 0 || ((u8[column.validity + (row >> 3)]! >> (row & 7)) & 1) === 1
    const at = place[present ? i32[codes + row]! : results.length - 1]!
    i32[(target >>> 2) + row] = at
    if (at < 0) nullCount++
    else if (validity !== 0) u8[validity + (row >> 3)]! |= 1 << (row & 7)
  }
  if (!isVariableLength(type)) return takeColumn(context, arena, entries, target, length)
  if (nullCount > 0)
    for (let row = 0; row < length; row++) if (i32[(target >>> 2) + row]! < 0) i32[(target >>> 2) + row] = 0
  if (distinct.length === 0) return takeColumn(context, arena, entries, minusOnes(arena, length), length)
  return dictionaryColumn(entries, length, target, nullCount === 0 ? 0 : validity, nullCount)
}

function minusOnes(arena: Arena, length: number): number {
  const address = arena.allocate(length * 4)
  arena.heap.fill(address, 0xff, length * 4)
  return address
}
