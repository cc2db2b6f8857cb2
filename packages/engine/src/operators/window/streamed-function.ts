import { overflow, type BoundWindow } from '@deltaworks/expression'
import type { Value } from '@deltaworks/schema'
import { runningAggregate, type RunningAggregate } from './running-aggregate.js'
import { aggregateOf } from './window-column.js'

/** For which rows a value stands: one row, all rows with equal order keys, all of a partition. */
export type Reach = 'row' | 'peers' | 'partition'

/**
 * A window function over rows that come in order, none of which is kept: its values, one for each reach, in order. What it
 * is told of a row are the values of the function's arguments, or null where its FILTER drops the row.
 */
export interface StreamedFunction {
  readonly reach: Reach
  /** @param isFirst of its peers */
  row(args: readonly Value[] | null, isFirst: boolean, put: (value: Value) => void): void
  endPeers(put: (value: Value) => void): void
  endPartition(put: (value: Value) => void): void
}

const nothing = (): void => undefined

/** Null: the function needs its whole partition at once. */
export function streamedFunction(window: BoundWindow): StreamedFunction | null {
  if (window.filter !== null && /^(first|last|nth)(_value)?$/.test(window.name)) return null
  switch (window.name) {
    case 'row_number':
    case 'rank':
    case 'dense_rank':
      return rankOf(window)
    case 'lag':
    case 'lead':
      return shifted(window)
    default:
      return framed(window)
  }
}

function rankOf({ name, type }: BoundWindow): StreamedFunction {
  const counter = (n: number): Value => (type.kind === 'int64' ? BigInt(n) : n)
  let rows = 0
  let rank = 0
  const reset = (): void => {
    rows = 0
    rank = 0
  }
  if (name === 'row_number') {
    return { reach: 'row', row: (_, __, put) => put(counter(++rows)), endPeers: nothing, endPartition: reset }
  }
  return {
    reach: 'peers',
    row: (_, isFirst, put) => {
      rows++
      if (!isFirst) return
      rank = name === 'rank' ? rows : rank + 1
      put(counter(rank))
    },
    endPeers: nothing,
    endPartition: reset,
  }
}

/** lag and lead by one constant number of rows. */
function shifted({ name, args, filter }: BoundWindow): StreamedFunction | null {
  const [, by] = args
  if (filter !== null || (by !== undefined && by.kind !== 'literal')) return null
  const offset = by === undefined ? 1 : Number(by.value)
  const back = name === 'lag' ? offset : -offset
  const missing = (tuple: readonly Value[]): Value => tuple[2] ?? null
  /** The rows that the next ones look back at, or that wait for the row they look forward to. */
  let waiting: (readonly Value[])[] = []
  return {
    reach: 'row',
    row: (tuple, _, put) => {
      const own = tuple!
      if (back === 0) return put(own[0]!)
      waiting.push(own)
      if (back > 0) {
        put(waiting.length > back ? waiting.shift()![0]! : missing(own))
      } else if (waiting.length > -back) {
        waiting.shift()
        put(own[0]!)
      }
    },
    endPeers: nothing,
    endPartition: (put) => {
      if (back < 0) for (const tuple of waiting) put(missing(tuple))
      waiting = []
    },
  }
}

/** Functions of frames that begin with the partition and end with the row, its peers, or the partition. */
function framed(window: BoundWindow): StreamedFunction | null {
  const { frame, orderBy } = window
  if (frame !== null && (frame.start !== null || frame.exclude !== undefined || frame.range?.end != null)) return null
  if (frame !== null && frame.end !== null && frame.end !== 0) return null
  const reach: Reach =
    frame === null
      ? orderBy.length === 0
        ? 'partition'
        : 'peers'
      : frame.end === null
        ? 'partition'
        : frame.mode === 'rows'
          ? 'row'
          : 'peers'
  const make = (): RunningAggregate | null => {
    switch (window.name) {
      case 'first':
      case 'first_value':
        return window.args.length > 1 ? null : firstOf()
      case 'last':
      case 'last_value':
        return window.args.length > 1 ? null : lastOf()
      default:
        return window.distinct === true ? null : runningAggregate(aggregateOf(window))
    }
  }
  let running = make()
  if (running === null) return null
  const result = (): Value => {
    const value = running!.result()
    if (value === undefined) throw overflow(`${window.name} over a window`, window.type)
    return value
  }
  return {
    reach,
    row: (args, _, put) => {
      if (args !== null) running!.add(args)
      if (reach === 'row') put(result())
    },
    endPeers: (put) => {
      if (reach === 'peers') put(result())
    },
    endPartition: (put) => {
      if (reach === 'partition') put(result())
      running = make()
    },
  }
}

function firstOf(): RunningAggregate {
  let value: Value | undefined
  return { add: ([arg]) => (value = value === undefined ? arg! : value), result: () => value ?? null }
}

function lastOf(): RunningAggregate {
  let value: Value = null
  return { add: ([arg]) => (value = arg!), result: () => value }
}
