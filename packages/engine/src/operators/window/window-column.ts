import {
  createEvaluator,
  columnFromValues,
  keyComparator,
  readValue,
  sortIndexes,
  type Arena,
  type Column,
  type RecordBatch,
} from '@deltaworks/columnar'
import {
  interpretAggregate,
  invalidArgument,
  type BoundAggregate,
  type BoundExpression,
  type BoundWindow,
} from '@deltaworks/expression'
import type { Value } from '@deltaworks/schema'
import type { ExecutionContext } from '../../execution-context.js'
import { runningAggregate } from './running-aggregate.js'
import { frameOf, framePositions, type Frame, type FramePartition, type RangeKeys } from './window-frame.js'

type Evaluate = (expressions: readonly BoundExpression[]) => readonly Column[]

/** A window function's value for each row of a batch that holds whole partitions. */
export function windowColumn(context: ExecutionContext, arena: Arena, window: BoundWindow, batch: RecordBatch): Column {
  const evaluate: Evaluate = (expressions) =>
    createEvaluator(context.columnar, expressions, batch.schema, { evaluation: context.evaluation }).project(
      arena,
      batch,
    )
  const { rowCount } = batch
  const partitionKeys = evaluate(window.partitionBy)
  const orderKeys = evaluate(window.orderBy.map((key) => key.expression))
  const args = evaluate(window.args)
  const passes = window.filter === null ? null : evaluate([window.filter])[0]!
  const range = rangeKeys(context, window, evaluate)
  const results = new Array<Value>(rowCount).fill(null)
  const argument = (index: number, row: number): Value => readValue(context.columnar.heap, args[index]!, row)
  const counts = (row: number): boolean => passes === null || readValue(context.columnar.heap, passes, row) === true
  for (const partition of partitionsOf(context, arena, window, partitionKeys, orderKeys, rowCount)) {
    fillPartition(window, partition, { argument, counts, range }, results)
  }
  return columnFromValues(arena, window.type, results)
}

function rangeKeys(context: ExecutionContext, window: BoundWindow, evaluate: Evaluate): RangeKeys | null {
  const range = window.frame?.range
  if (range === undefined) return null
  const reader = (of: BoundExpression): ((row: number) => Value) => {
    const [column] = evaluate([of])
    return (row) => readValue(context.columnar.heap, column!, row)
  }
  const key = reader(range.key)
  return {
    key,
    start: range.start === null ? key : reader(range.start),
    end: range.end === null ? key : reader(range.end),
  }
}

function* partitionsOf(
  context: ExecutionContext,
  arena: Arena,
  window: BoundWindow,
  partitionKeys: readonly Column[],
  orderKeys: readonly Column[],
  rowCount: number,
): Generator<FramePartition> {
  const { heap } = context.columnar
  const keys = [
    ...partitionKeys.map((column) => ({ column, descending: false, nullsFirst: true })),
    ...window.orderBy.map(({ descending, nullsFirst }, i) => ({ column: orderKeys[i]!, descending, nullsFirst })),
  ]
  const order = sortIndexes(context.columnar, arena, keys, rowCount)
  const sorted = heap.i32.slice(order >>> 2, (order >>> 2) + rowCount)
  const equal = (columns: readonly Column[]) => {
    const comparators = columns.map((column) => keyComparator(heap, column, column, false, true))
    return (a: number, b: number): boolean => comparators.every((compare) => compare(a, b) === 0)
  }
  const samePartition = equal(partitionKeys)
  const samePeers = equal(orderKeys)
  let start = 0
  for (let end = 1; end <= rowCount; end++) {
    if (end < rowCount && samePartition(sorted[start]!, sorted[end]!)) continue
    yield peersOf(sorted.subarray(start, end), samePeers)
    start = end
  }
}

function peersOf(rows: Int32Array, same: (a: number, b: number) => boolean): FramePartition {
  const peerStart = new Int32Array(rows.length)
  const peerEnd = new Int32Array(rows.length)
  let start = 0
  for (let end = 1; end <= rows.length; end++) {
    if (end < rows.length && same(rows[start]!, rows[end]!)) continue
    peerStart.fill(start, start, end)
    peerEnd.fill(end, start, end)
    start = end
  }
  return { rows, peerStart, peerEnd }
}

/** What a window function asks of a row. */
interface RowReader {
  argument(index: number, row: number): Value
  /** Whether the FILTER lets it in. */
  counts(row: number): boolean
  readonly range: RangeKeys | null
}

function fillPartition(window: BoundWindow, partition: FramePartition, reader: RowReader, results: Value[]): void {
  const { argument } = reader
  const { rows, peerStart, peerEnd } = partition
  const size = rows.length
  const put = (valueOf: (position: number) => Value): void => {
    for (let position = 0; position < size; position++) results[rows[position]!] = valueOf(position)
  }
  const counter = (n: number): Value => (window.type.kind === 'int64' ? BigInt(n) : n)
  switch (window.name) {
    case 'row_number':
      return put((position) => counter(position + 1))
    case 'rank':
      return put((position) => counter(peerStart[position]! + 1))
    case 'dense_rank': {
      let rank = 0
      return put((position) => counter(peerStart[position] === position ? ++rank : rank))
    }
    case 'percent_rank':
      return put((position) => (size === 1 ? 0 : peerStart[position]! / (size - 1)))
    case 'cume_dist':
      return put((position) => peerEnd[position]! / size)
    case 'ntile': {
      const buckets = Number(argument(0, rows[0]!))
      const large = size % buckets
      const small = Math.floor(size / buckets)
      const inLarge = large * (small + 1)
      return put((position) =>
        counter(
          (position < inLarge ? Math.floor(position / (small + 1)) : large + Math.floor((position - inLarge) / small)) +
            1,
        ),
      )
    }
    case 'lag':
    case 'lead': {
      const sign = window.name === 'lag' ? -1 : 1
      return put((position) => {
        const row = rows[position]!
        const offset = window.args.length > 1 ? Number(argument(1, row)) : 1
        const target = position + sign * offset
        if (target >= 0 && target < size) return argument(0, rows[target]!)
        return window.args.length > 2 ? argument(2, row) : null
      })
    }
    default:
  }
  const frame = frameOf(window, partition, reader.range)
  const isAggregate = !/^(first|last|nth)(_value)?$/.test(window.name)
  const isWhole = window.frame?.exclude === undefined && (window.filter === null || isAggregate)
  const ignoresNulls = window.args.length > 1 && window.name !== 'nth_value' && argument(1, rows[0]!) === true
  if (!isWhole || ignoresNulls) return fillChosen(window, partition, frame, reader, ignoresNulls, results)
  switch (window.name) {
    case 'first_value':
    case 'first':
      return put((position) => {
        const [start, end] = frame(position)
        return start < end ? argument(0, rows[start]!) : null
      })
    case 'last_value':
    case 'last':
      return put((position) => {
        const [start, end] = frame(position)
        return start < end ? argument(0, rows[end - 1]!) : null
      })
    case 'nth_value':
      return put((position) => {
        const [start, end] = frame(position)
        const target = start + nthOf(argument(1, rows[position]!)) - 1
        return target < end ? argument(0, rows[target]!) : null
      })
    default:
      return fillAggregate(window, partition, frame, reader, results)
  }
}

/** An aggregate over frames without EXCLUDE; a frame equal to the former one is not computed again. */
function fillAggregate(
  window: BoundWindow,
  { rows }: FramePartition,
  frame: Frame,
  { argument, counts }: RowReader,
  results: Value[],
): void {
  const aggregate = aggregateOf(window)
  /** The arguments of each row; null where the FILTER drops it. */
  const tuples: (Value[] | null)[] = []
  for (let position = 0; position < rows.length; position++) {
    const row = rows[position]!
    tuples.push(counts(row) ? window.args.map((_, index) => argument(index, row)) : null)
  }
  const running = aggregate.distinct ? null : runningAggregate(aggregate)
  let former: readonly [number, number] = [-1, -1]
  let result: Value = null
  for (let position = 0; position < rows.length; position++) {
    const [start, end] = frame(position)
    if (start !== former[0] || end !== former[1]) {
      // A frame that only grows takes its new rows in; any other is computed again.
      const grown = running !== null && start === 0 && former[0] <= 0 && end >= former[1]
      for (let row = Math.max(0, former[1]); grown && row < end; row++) {
        const tuple = tuples[row]!
        if (tuple !== null) running.add(tuple)
      }
      const sofar = grown ? running.result() : undefined
      result =
        sofar === undefined
          ? interpretAggregate(
              aggregate,
              tuples.slice(start, end).filter((tuple) => tuple !== null),
            )
          : sofar
      former = [start, end]
    }
    results[rows[position]!] = result
  }
}

/** The window's function as an aggregate of rows that hold its arguments. */
export const aggregateOf = ({ name, args, type, nullable, distinct = false }: BoundWindow): BoundAggregate => ({
  name,
  args: args.map((arg, index): BoundExpression => ({
    kind: 'column',
    index,
    name: `${index}`,
    type: arg.type,
    nullable: true,
  })),
  distinct,
  filter: null,
  type,
  nullable,
})

/** @throws ExpressionError DW-EXPRESSION-0013 unless it is at least 1 */
function nthOf(value: Value): number {
  const n = Number(value)
  if (n >= 1) return n
  throw invalidArgument('nth_value', value, 'rows are counted from 1')
}

/** Functions over frames of which rows are left out, by EXCLUDE, FILTER or as nulls. */
function fillChosen(
  window: BoundWindow,
  partition: FramePartition,
  frame: Frame,
  { argument, counts }: RowReader,
  ignoresNulls: boolean,
  results: Value[],
): void {
  const { rows } = partition
  const aggregate = aggregateOf(window)
  const values = (row: number): Value[] => window.args.map((_, index) => argument(index, row))
  for (let position = 0; position < rows.length; position++) {
    const chosen = framePositions(window, partition, frame, position)
      .map((at) => rows[at]!)
      .filter((row) => counts(row) && (!ignoresNulls || argument(0, row) !== null))
    const of = (row: number | undefined): Value => (row === undefined ? null : argument(0, row))
    const valueOf = (): Value => {
      switch (window.name) {
        case 'first_value':
        case 'first':
          return of(chosen[0])
        case 'last_value':
        case 'last':
          return of(chosen.at(-1))
        case 'nth_value':
          return of(chosen[nthOf(argument(1, rows[position]!)) - 1])
        default:
          return interpretAggregate(aggregate, chosen.map(values))
      }
    }
    results[rows[position]!] = valueOf()
  }
}
