import { valuesCompare, type BoundWindow } from '@deltaworks/expression'
import type { Value } from '@deltaworks/schema'

/** A partition in window order: for each position the positions [peerStart, peerEnd) of the rows with equal order keys. */
export interface FramePartition {
  readonly rows: Int32Array
  readonly peerStart: Int32Array
  readonly peerEnd: Int32Array
}

/** Values of a RANGE frame with offsets, by row: the order key, and the keys at the frame's bounds. */
export interface RangeKeys {
  key(row: number): Value
  start(row: number): Value
  end(row: number): Value
}

/** Positions [start, end) of a row's frame. */
export type Frame = (position: number) => readonly [number, number]

/** Without an order the frame is the partition; with one, up to the last peer. */
export function frameOf(window: BoundWindow, partition: FramePartition, range: RangeKeys | null): Frame {
  const { peerStart, peerEnd, rows } = partition
  const size = rows.length
  const { frame } = window
  if (frame === null) {
    return window.orderBy.length === 0 ? () => [0, size] : (position) => [0, peerEnd[position]!]
  }
  const clamp = (n: number): number => Math.max(0, Math.min(size, n))
  const { start, end } = frame
  switch (frame.mode) {
    case 'rows':
      return (position) => [
        start === null ? 0 : clamp(position + start),
        end === null ? size : clamp(position + end + 1),
      ]
    case 'range':
      return rangeFrame(window, partition, range)
    case 'groups': {
      const starts: number[] = []
      const groupAt = new Int32Array(size)
      for (let i = 0; i < size; i++) {
        if (peerStart[i] === i) starts.push(i)
        groupAt[i] = starts.length - 1
      }
      const startOf = (group: number): number => (group < 0 ? 0 : (starts[group] ?? size))
      return (position) => [
        start === null ? 0 : startOf(groupAt[position]! + start),
        end === null ? size : startOf(groupAt[position]! + end + 1),
      ]
    }
  }
}

/** The key at a bound is searched among the ordered keys. A row whose key is null is as far from any other as can be. */
function rangeFrame(window: BoundWindow, { rows, peerStart, peerEnd }: FramePartition, range: RangeKeys | null): Frame {
  const size = rows.length
  const { start, end, range: bounds } = window.frame!
  const peersOnly: Frame = (position) => [
    start === null ? 0 : peerStart[position]!,
    end === null ? size : peerEnd[position]!,
  ]
  if (bounds === undefined || range === null) return peersOnly
  const [order] = window.orderBy
  const sign = order!.descending ? -1 : 1
  const { type } = bounds.key
  const isNull = (position: number): boolean => range.key(rows[position]!) === null
  let first = 0
  let last = size
  while (first < size && isNull(first)) first++
  while (last > first && isNull(last - 1)) last--
  /** The first position in [first, last) whose key is not before the value (or, with `after`, is after it). */
  const search = (value: Value, after: boolean): number => {
    let [low, high] = [first, last]
    while (low < high) {
      const middle = (low + high) >>> 1
      const compared = sign * valuesCompare(type, range.key(rows[middle]!)!, value!)
      if (compared < 0 || (after && compared === 0)) low = middle + 1
      else high = middle
    }
    return low
  }
  return (position) => {
    if (position < first || position >= last) return peersOnly(position)
    const row = rows[position]!
    const from = start === null ? 0 : bounds.start === null ? peerStart[position]! : search(range.start(row), false)
    const to = end === null ? size : bounds.end === null ? peerEnd[position]! : search(range.end(row), true)
    return [from, Math.max(from, to)]
  }
}

/** The positions of a row's frame, without those that EXCLUDE leaves out. */
export function framePositions(
  window: BoundWindow,
  partition: FramePartition,
  frame: Frame,
  position: number,
): number[] {
  const [start, end] = frame(position)
  const { peerStart, peerEnd } = partition
  const exclude = window.frame?.exclude
  const isExcluded = (at: number): boolean => {
    const isPeer = at >= peerStart[position]! && at < peerEnd[position]!
    switch (exclude) {
      case undefined:
        return false
      case 'current row':
        return at === position
      case 'group':
        return isPeer
      case 'ties':
        return isPeer && at !== position
    }
  }
  const positions: number[] = []
  for (let at = start; at < end; at++) if (!isExcluded(at)) positions.push(at)
  return positions
}
