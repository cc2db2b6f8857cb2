import { list, type DataType, type Value } from '@deltaworks/schema'
import type { Arena } from '../arena.js'
import type { Column } from '../column.js'
import { canonicalKey } from '../hash.js'
import type { Heap } from '../heap.js'
import { readValue } from '../read-values.js'
import { columnFromValues } from '../values.js'
import type { Accumulator, AggregateSpec, GroupedRows } from './accumulator.js'

/** Aggregates that need their values: kept as a list a group, in the order of the rows. */
export class Collected implements Accumulator {
  readonly partialTypes: readonly DataType[]
  readonly #heap: Heap
  readonly #spec: AggregateSpec
  readonly #finish: CollectedFinish
  readonly #values: Value[][] = []

  constructor(heap: Heap, spec: AggregateSpec, finish: CollectedFinish) {
    this.#heap = heap
    this.#spec = spec
    this.#finish = finish
    this.partialTypes = spec.argTypes.map((type) => list(type))
  }
  grow(): void {}
  update({ groups, chosen, rowCount }: GroupedRows, args: readonly Column[]): void {
    const { u8, i32 } = this.#heap
    for (let row = 0; row < rowCount; row++) {
      if (chosen === 0 || u8[chosen + row] === 1) this.#add(row, groups === 0 ? 0 : i32[(groups >>> 2) + row]!, args)
    }
  }
  #add(row: number, group: number, args: readonly Column[]): void {
    const first = readValue(this.#heap, args[0]!, row)
    if (first === null && !this.#takesNull(row, args)) return
    this.#keep(group, args.length === 1 ? first : args.map((column) => readValue(this.#heap, column, row)))
  }
  /** first and last take nulls unless their second argument is true. */
  #takesNull(row: number, [, ignoreNulls]: readonly Column[]): boolean {
    if (!this.#finish.keepsNulls) return false
    return ignoreNulls === undefined || readValue(this.#heap, ignoreNulls, row) !== true
  }
  #keep(group: number, value: Value): void {
    const values = (this.#values[group] ??= [])
    const { keep } = this.#finish
    if (keep === 'first' && values.length > 0) return
    if (keep === 'last') values[0] = value
    else values.push(value)
  }
  partial(arena: Arena, groups: number): Column[] {
    return this.#spec.argTypes.map((type, i) => {
      const lists: Value[] = []
      for (let group = 0; group < groups; group++) {
        const values = this.#values[group] ?? []
        lists.push(this.#spec.argTypes.length === 1 ? values : values.map((tuple) => (tuple as readonly Value[])[i]!))
      }
      return columnFromValues(arena, list(type), lists)
    })
  }
  merge({ groups, rowCount }: GroupedRows, columns: readonly Column[]): void {
    const { i32 } = this.#heap
    for (let row = 0; row < rowCount; row++) {
      this.#mergeRow(row, groups === 0 ? 0 : i32[(groups >>> 2) + row]!, columns)
    }
  }
  #mergeRow(row: number, group: number, columns: readonly Column[]): void {
    const lists = columns.map((column) => readValue(this.#heap, column, row) as readonly Value[])
    for (let i = 0; i < lists[0]!.length; i++) {
      this.#keep(group, lists.length === 1 ? lists[0]![i]! : lists.map((part) => part[i]!))
    }
  }
  finish(arena: Arena, groups: number): Column {
    const results: Value[] = []
    for (let group = 0; group < groups; group++)
      results.push(this.#finish.result(this.#values[group] ?? [], this.#spec))
    return columnFromValues(arena, this.#spec.type, results)
  }
}

interface CollectedFinish {
  readonly keepsNulls: boolean
  readonly keep: 'all' | 'first' | 'last'
  result(values: readonly Value[], spec: AggregateSpec): Value
}

const collected = (
  result: CollectedFinish['result'],
  options: Partial<Pick<CollectedFinish, 'keepsNulls' | 'keep'>> = {},
): CollectedFinish => ({ keepsNulls: options.keepsNulls ?? false, keep: options.keep ?? 'all', result })

/** The only value that was kept; with a second argument values are kept as pairs. */
const keptValue: CollectedFinish['result'] = ([kept = null], { argTypes }) =>
  argTypes.length === 1 || kept === null ? kept : (kept as readonly Value[])[0]!

export const collectedAggregates: Readonly<Record<string, CollectedFinish>> = {
  first: collected(keptValue, { keepsNulls: true, keep: 'first' }),
  any_value: collected(keptValue, { keep: 'first' }),
  last: collected(keptValue, { keepsNulls: true, keep: 'last' }),
  collect_list: collected((values) => values),
  collect_set: collected((values) => [...new Map(values.map((value) => [canonicalKey(value), value])).values()]),
  string_agg: collected((values) => {
    if (values.length === 0) return null
    return values
      .map((value) => (Array.isArray(value) ? (value as readonly Value[])[0] : value) as string)
      .join(Array.isArray(values[0]) ? String((values[0] as readonly Value[])[1] ?? '') : '')
  }),
  mode: collected((values) => {
    const counts = new Map<string, { value: Value; count: number }>()
    let best: { value: Value; count: number } | null = null
    for (const value of values) {
      const key = canonicalKey(value)
      const entry = counts.get(key) ?? { value, count: 0 }
      entry.count++
      counts.set(key, entry)
      if (best === null || entry.count > best.count) best = entry
    }
    return best?.value ?? null
  }),
}
