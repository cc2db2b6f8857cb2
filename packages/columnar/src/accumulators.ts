import {
  binary,
  decimal,
  divideHalfUp,
  fitsPrecision,
  float64,
  int32,
  int64,
  isFloat,
  list,
  pow10,
  type DataType,
  type Value,
} from '@deltaworks/schema'
import { ExactSums, grownBytes, grownFloats } from './accumulator-state.js'
import { Arena, unlimited, type MemoryAccount } from './arena.js'
import { byteWidth, fixedColumn, type Column } from './column.js'
import type { ColumnarContext } from './context.js'
import { aggregateOverflow, unknownAggregate } from './errors.js'
import { GroupTable } from './group-table.js'
import { canonicalKey, hashColumns } from './hash.js'
import type { Heap } from './heap.js'
import { takeColumn } from './take.js'
import { columnFromValues, isNull, readValue } from './values.js'

/** An aggregate as the accumulators need it: name, argument types, result type. */
export interface AggregateSpec {
  readonly name: string
  readonly argTypes: readonly DataType[]
  readonly type: DataType
  readonly distinct: boolean
}

/**
 * One aggregate's states, one a group. `update` takes input rows; `partial` gives the states as columns, which `merge`
 * takes again (another thread's, say); `finish` gives the results.
 */
interface Accumulator {
  grow(groups: number): void
  /** Called once a batch, before its rows: what can be decided or computed for all of them. */
  prepare?(args: readonly Column[], rowCount: number): void
  update(row: number, group: number, args: readonly Column[]): void
  /** Instead of `update` row by row, where rows have no filter. */
  updateAll?(groupIds: number, args: readonly Column[], rowCount: number): void
  readonly partialTypes: readonly DataType[]
  partial(arena: Arena, groups: number): Column[]
  merge(row: number, group: number, columns: readonly Column[]): void
  finish(arena: Arena, groups: number): Column
  close?(): void
}

/** The states of all aggregates of one Aggregate node. */
export class Accumulators {
  readonly #context: ColumnarContext
  readonly #account: MemoryAccount
  readonly #accumulators: readonly Accumulator[]
  #groups = 0
  #reserved = 0

  constructor(context: ColumnarContext, account: MemoryAccount, aggregates: readonly AggregateSpec[]) {
    this.#context = context
    this.#account = account
    this.#accumulators = aggregates.map((spec) => createAccumulator(context, account, spec))
  }

  /** Types of the columns that `partial` gives and `mergePartial` takes, all aggregates in a row. */
  get partialTypes(): readonly DataType[] {
    return this.#accumulators.flatMap((accumulator) => accumulator.partialTypes)
  }

  #grow(groups: number): void {
    if (groups <= this.#groups) return
    this.#groups = groups
    for (const accumulator of this.#accumulators) accumulator.grow(groups)
    const bytes = groups * 24 * this.#accumulators.length
    if (bytes > this.#reserved * 1.25 || this.#reserved === 0) {
      this.#account.reserve(bytes - this.#reserved)
      this.#reserved = bytes
    }
  }

  /**
   * @param groupIds address of int32[rowCount], or 0: all rows are of group 0
   * @param args argument columns, one list an aggregate
   * @param filters a boolean column an aggregate that has a FILTER, else null
   */
  update(
    groupIds: number,
    args: readonly (readonly Column[])[],
    filters: readonly (Column | null)[],
    rowCount: number,
    groupCount: number,
  ): void {
    this.#grow(Math.max(1, groupCount))
    const { heap } = this.#context
    const { i32, u8 } = heap
    const ids = groupIds >>> 2
    this.#accumulators.forEach((accumulator, index) => {
      const columns = args[index]!
      const filter = filters[index] ?? null
      if (filter === null && accumulator.updateAll !== undefined) {
        accumulator.updateAll(groupIds, columns, rowCount)
        return
      }
      accumulator.prepare?.(columns, rowCount)
      for (let row = 0; row < rowCount; row++) {
        if (filter !== null) {
          if (isNull(heap, filter, row) || ((u8[filter.values + (row >> 3)]! >> (row & 7)) & 1) === 0) continue
        }
        accumulator.update(row, groupIds === 0 ? 0 : i32[ids + row]!, columns)
      }
    })
  }

  partial(arena: Arena, groupCount: number): Column[] {
    this.#grow(groupCount)
    return this.#accumulators.flatMap((accumulator) => accumulator.partial(arena, groupCount))
  }

  /** Merges states: row r of the columns into the group at int32[r] of `groupIds` (0: all into group 0). */
  mergePartial(groupIds: number, columns: readonly Column[], rowCount: number, groupCount: number): void {
    this.#grow(Math.max(1, groupCount))
    const { i32 } = this.#context.heap
    const ids = groupIds >>> 2
    let first = 0
    for (const accumulator of this.#accumulators) {
      const own = columns.slice(first, first + accumulator.partialTypes.length)
      first += own.length
      for (let row = 0; row < rowCount; row++) accumulator.merge(row, groupIds === 0 ? 0 : i32[ids + row]!, own)
    }
  }

  /** @throws ColumnarError DW-COLUMNAR-0003 if a sum does not fit its type */
  finish(arena: Arena, groupCount: number): Column[] {
    this.#grow(groupCount)
    return this.#accumulators.map((accumulator) => accumulator.finish(arena, groupCount))
  }

  close(): void {
    for (const accumulator of this.#accumulators) accumulator.close?.()
    this.#account.release(this.#reserved)
    this.#reserved = 0
  }
}

function createAccumulator(context: ColumnarContext, account: MemoryAccount, spec: AggregateSpec): Accumulator {
  const { heap } = context
  if (spec.distinct && !['min', 'max', 'bool_and', 'bool_or'].includes(spec.name)) {
    return new DistinctAccumulator(context, account, spec)
  }
  switch (spec.name) {
    case 'count':
      return new CountAccumulator(heap)
    case 'count_if':
      return new CountAccumulator(heap, true)
    case 'sum':
      return isFloat(spec.argTypes[0]!) ? new FloatSum(heap, spec) : new ExactSum(heap, spec)
    case 'avg':
      return isFloat(spec.argTypes[0]!) ? new FloatSum(heap, spec) : new ExactSum(heap, spec)
    case 'min':
    case 'max':
      return extremeOf(context, spec.argTypes[0]!, spec.name === 'max' ? 1 : -1)
    case 'bool_and':
      return new Extreme(context, spec.argTypes[0]!, -1)
    case 'bool_or':
      return new Extreme(context, spec.argTypes[0]!, 1)
    case 'stddev':
    case 'stddev_pop':
    case 'variance':
    case 'var_pop':
      return new Moments(heap, spec)
    case 'approx_count_distinct':
      return new HyperLogLog(context)
    default:
  }
  const finishCollected = collectedAggregates[spec.name]
  if (finishCollected === undefined) throw unknownAggregate(spec.name)
  return new Collected(heap, spec, finishCollected)
}

class CountAccumulator implements Accumulator {
  readonly partialTypes = [int64]
  readonly #heap: Heap
  #counts: Float64Array = new Float64Array(16)

  readonly #onlyTrue: boolean

  constructor(heap: Heap, onlyTrue = false) {
    this.#heap = heap
    this.#onlyTrue = onlyTrue
  }
  grow(groups: number): void {
    this.#counts = grownFloats(this.#counts, groups)
  }
  update(row: number, group: number, args: readonly Column[]): void {
    for (const column of args) if (column.validity !== 0 && isNull(this.#heap, column, row)) return
    if (this.#onlyTrue && readValue(this.#heap, args[0]!, row) !== true) return
    this.#counts[group]!++
  }
  partial(arena: Arena, groups: number): Column[] {
    return [this.finish(arena, groups)]
  }
  merge(row: number, group: number, [counts]: readonly Column[]): void {
    this.#counts[group]! += Number(this.#heap.i64[(counts!.values >>> 3) + row]!)
  }
  finish(arena: Arena, groups: number): Column {
    return int64Column(arena, groups, (group) => BigInt(this.#counts[group]!))
  }
}

const int64Column = (arena: Arena, length: number, valueOf: (row: number) => bigint): Column => {
  const address = arena.allocate(length * 8)
  const { i64 } = arena.heap
  for (let row = 0; row < length; row++) i64[(address >>> 3) + row] = valueOf(row)
  return fixedColumn(int64, length, address)
}

/** sum and avg of integers and decimals. */
class ExactSum implements Accumulator {
  readonly partialTypes: readonly DataType[] = [decimal(38, 0), int64]
  readonly #heap: Heap
  readonly #spec: AggregateSpec
  readonly #width: number
  readonly #sums = new ExactSums()
  #counts: Float64Array = new Float64Array(16)

  constructor(heap: Heap, spec: AggregateSpec) {
    this.#heap = heap
    this.#spec = spec
    this.#width = byteWidth(spec.argTypes[0]!)
  }
  grow(groups: number): void {
    this.#sums.grow(groups)
    this.#counts = grownFloats(this.#counts, groups)
  }
  update(row: number, group: number, [argument]: readonly Column[]): void {
    const { values, validity } = argument!
    const { u8, i8, i16, i32, u32 } = this.#heap
    if (validity !== 0 && ((u8[validity + (row >> 3)]! >> (row & 7)) & 1) === 0) return
    this.#counts[group]!++
    if (this.#width === 8) {
      const at = (values >>> 2) + row * 2
      this.#sums.add(group, u32[at]!, i32[at + 1]!)
    } else if (this.#width === 16) {
      this.#sums.addWide(group, readValue(this.#heap, argument!, row) as bigint)
    } else {
      const value =
        this.#width === 4
          ? i32[(values >>> 2) + row]!
          : this.#width === 2
            ? i16[(values >>> 1) + row]!
            : i8[values + row]!
      this.#sums.add(group, value >>> 0, value < 0 ? -1 : 0)
    }
  }
  partial(arena: Arena, groups: number): Column[] {
    const sums: Value[] = []
    for (let group = 0; group < groups; group++) sums.push(this.#sums.value(group))
    return [
      columnFromValues(arena, decimal(38, 0), sums),
      int64Column(arena, groups, (group) => BigInt(this.#counts[group]!)),
    ]
  }
  merge(row: number, group: number, [sums, counts]: readonly Column[]): void {
    this.#sums.addWide(group, readValue(this.#heap, sums!, row) as bigint)
    this.#counts[group]! += Number(this.#heap.i64[(counts!.values >>> 3) + row]!)
  }
  finish(arena: Arena, groups: number): Column {
    const { name, type } = this.#spec
    const results: Value[] = []
    for (let group = 0; group < groups; group++) {
      const count = this.#counts[group]!
      const sum = this.#sums.value(group)
      results.push(count === 0 ? null : name === 'avg' ? this.#average(sum, count) : checkedSum(sum, type))
    }
    return columnFromValues(arena, type, results)
  }
  #average(sum: bigint, count: number): Value {
    const { type, argTypes } = this.#spec
    if (type.kind !== 'decimal') return quotient(sum, count)
    const argument = argTypes[0]!
    const scale = argument.kind === 'decimal' ? argument.scale : 0
    return divideHalfUp(sum * pow10(type.scale - scale), BigInt(count))
  }
}

/** sum / count as the nearest double, also where the sum is beyond 2^53. */
function quotient(sum: bigint, count: number): number {
  const whole = sum / BigInt(count)
  return Number(whole) + Number(sum - whole * BigInt(count)) / count
}

function checkedSum(sum: bigint, type: DataType): bigint {
  const fits = type.kind === 'decimal' ? fitsPrecision(sum, type.precision) : BigInt.asIntN(64, sum) === sum
  if (!fits) throw aggregateOverflow('sum', type)
  return sum
}

/** sum and avg of floats, with Neumaier's compensation, so that the order of rows hardly matters. */
class FloatSum implements Accumulator {
  readonly partialTypes: readonly DataType[] = [float64, float64, int64]
  readonly #heap: Heap
  readonly #spec: AggregateSpec
  #sums: Float64Array = new Float64Array(16)
  #compensations: Float64Array = new Float64Array(16)
  #counts: Float64Array = new Float64Array(16)

  constructor(heap: Heap, spec: AggregateSpec) {
    this.#heap = heap
    this.#spec = spec
  }
  grow(groups: number): void {
    this.#sums = grownFloats(this.#sums, groups)
    this.#compensations = grownFloats(this.#compensations, groups)
    this.#counts = grownFloats(this.#counts, groups)
  }
  #add(group: number, value: number): void {
    const sum = this.#sums[group]!
    const next = sum + value
    if (Number.isFinite(next)) {
      this.#compensations[group]! += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum
    }
    this.#sums[group] = next
  }
  update(row: number, group: number, [argument]: readonly Column[]): void {
    if (argument!.validity !== 0 && isNull(this.#heap, argument!, row)) return
    const single = argument!.type.kind === 'float32'
    const value = single
      ? this.#heap.f32[(argument!.values >>> 2) + row]!
      : this.#heap.f64[(argument!.values >>> 3) + row]!
    this.#counts[group]!++
    this.#add(group, value)
  }
  partial(arena: Arena, groups: number): Column[] {
    const floats = (array: Float64Array) => columnFromValues(arena, float64, [...array.subarray(0, groups)])
    return [
      floats(this.#sums),
      floats(this.#compensations),
      int64Column(arena, groups, (group) => BigInt(this.#counts[group]!)),
    ]
  }
  merge(row: number, group: number, [sums, compensations, counts]: readonly Column[]): void {
    this.#add(group, this.#heap.f64[(sums!.values >>> 3) + row]!)
    this.#compensations[group]! += this.#heap.f64[(compensations!.values >>> 3) + row]!
    this.#counts[group]! += Number(this.#heap.i64[(counts!.values >>> 3) + row]!)
  }
  finish(arena: Arena, groups: number): Column {
    const results: Value[] = []
    for (let group = 0; group < groups; group++) {
      const count = this.#counts[group]!
      const total = this.#sums[group]! + this.#compensations[group]!
      results.push(count === 0 ? null : this.#spec.name === 'avg' ? total / count : total)
    }
    return columnFromValues(arena, this.#spec.type, results)
  }
}

/** The greatest (sign 1) or least (sign -1) value of any ordered type; kept in an arena of its own, a row a group. */
class Extreme implements Accumulator {
  readonly partialTypes: readonly DataType[]
  readonly #context: ColumnarContext
  readonly #type: DataType
  readonly #sign: 1 | -1
  #has: Uint8Array = new Uint8Array(16)
  #numbers: Float64Array = new Float64Array(16)
  #values: Value[] = []
  readonly #numeric: boolean

  constructor(context: ColumnarContext, type: DataType, sign: 1 | -1) {
    this.#context = context
    this.#type = type
    this.#sign = sign
    this.partialTypes = [type]
    this.#numeric = ['int8', 'int16', 'int32', 'date', 'float32', 'float64'].includes(type.kind)
  }
  grow(groups: number): void {
    this.#has = grownBytes(this.#has, groups)
    if (this.#numeric) this.#numbers = grownFloats(this.#numbers, groups)
  }
  update(row: number, group: number, [argument]: readonly Column[]): void {
    const { heap } = this.#context
    if (isNull(heap, argument!, row)) return
    const value = readValue(heap, argument!, row)
    if (this.#numeric) {
      if (this.#has[group] === 1 && this.#sign * compareFloats(value as number, this.#numbers[group]!) <= 0) return
      this.#numbers[group] = value as number
    } else {
      if (this.#has[group] === 1 && this.#sign * compareOrdered(value, this.#values[group]!) <= 0) return
      this.#values[group] = value
    }
    this.#has[group] = 1
  }
  partial(arena: Arena, groups: number): Column[] {
    return [this.finish(arena, groups)]
  }
  merge(row: number, group: number, columns: readonly Column[]): void {
    this.update(row, group, columns)
  }
  finish(arena: Arena, groups: number): Column {
    const results: Value[] = []
    for (let group = 0; group < groups; group++) {
      results.push(this.#has[group] !== 1 ? null : this.#numeric ? this.#numbers[group]! : this.#values[group]!)
    }
    return columnFromValues(arena, this.#type, results)
  }
}

function extremeOf(context: ColumnarContext, type: DataType, sign: 1 | -1): Accumulator {
  if (type.kind === 'string' || type.kind === 'binary' || type.kind === 'variant')
    return new TextExtreme(context, type, sign)
  const isWord =
    type.kind === 'int64' ||
    type.kind === 'timestamp' ||
    type.kind === 'timestamp_ntz' ||
    (type.kind === 'decimal' && byteWidth(type) === 8)
  return isWord ? new WordExtreme(context.heap, type, sign) : new Extreme(context, type, sign)
}

/** 64-bit integers, compared as a signed high and an unsigned low word: no bigint a row. */
class WordExtreme implements Accumulator {
  readonly partialTypes: readonly DataType[]
  readonly #heap: Heap
  readonly #type: DataType
  readonly #sign: 1 | -1
  #has: Uint8Array = new Uint8Array(16)
  #high: Float64Array = new Float64Array(16)
  #low: Float64Array = new Float64Array(16)

  constructor(heap: Heap, type: DataType, sign: 1 | -1) {
    this.#heap = heap
    this.#type = type
    this.#sign = sign
    this.partialTypes = [type]
  }
  grow(groups: number): void {
    this.#has = grownBytes(this.#has, groups)
    this.#high = grownFloats(this.#high, groups)
    this.#low = grownFloats(this.#low, groups)
  }
  update(row: number, group: number, [argument]: readonly Column[]): void {
    const { values, validity } = argument!
    const { u8, i32, u32 } = this.#heap
    if (validity !== 0 && ((u8[validity + (row >> 3)]! >> (row & 7)) & 1) === 0) return
    const at = (values >>> 2) + row * 2
    const high = i32[at + 1]!
    const low = u32[at]!
    if (this.#has[group] === 1) {
      const difference = high === this.#high[group]! ? low - this.#low[group]! : high - this.#high[group]!
      if (this.#sign * difference <= 0) return
    }
    this.#has[group] = 1
    this.#high[group] = high
    this.#low[group] = low
  }
  partial(arena: Arena, groups: number): Column[] {
    return [this.finish(arena, groups)]
  }
  merge(row: number, group: number, columns: readonly Column[]): void {
    this.update(row, group, columns)
  }
  finish(arena: Arena, groups: number): Column {
    const results: Value[] = []
    for (let group = 0; group < groups; group++) {
      results.push(this.#has[group] === 1 ? (BigInt(this.#high[group]!) << 32n) + BigInt(this.#low[group]!) : null)
    }
    return columnFromValues(arena, this.#type, results)
  }
}

/** Texts, compared by their bytes where they stand; only a new extreme is copied. */
class TextExtreme implements Accumulator {
  readonly partialTypes: readonly DataType[]
  readonly #context: ColumnarContext
  readonly #type: DataType
  readonly #sign: 1 | -1
  readonly #best: (Uint8Array | undefined)[] = []

  constructor(context: ColumnarContext, type: DataType, sign: 1 | -1) {
    this.#context = context
    this.#type = type
    this.#sign = sign
    this.partialTypes = [type]
  }
  grow(): void {}
  update(row: number, group: number, [argument]: readonly Column[]): void {
    const { heap } = this.#context
    const column = argument!
    if (column.validity !== 0 && isNull(heap, column, row)) return
    const { u8, i32 } = heap
    const texts = column.dictionary ?? column
    const at = (texts.offsets >>> 2) + (column.dictionary === null ? row : i32[(column.values >>> 2) + row]!)
    const start = texts.values + i32[at]!
    const end = texts.values + i32[at + 1]!
    const best = this.#best[group]
    if (best !== undefined) {
      const length = Math.min(best.length, end - start)
      let i = 0
      while (i < length && u8[start + i] === best[i]) i++
      const difference = i < length ? u8[start + i]! - best[i]! : end - start - best.length
      if (this.#sign * difference <= 0) return
    }
    this.#best[group] = u8.slice(start, end)
  }
  partial(arena: Arena, groups: number): Column[] {
    return [this.finish(arena, groups)]
  }
  merge(row: number, group: number, columns: readonly Column[]): void {
    this.update(row, group, columns)
  }
  finish(arena: Arena, groups: number): Column {
    const results: Value[] = []
    for (let group = 0; group < groups; group++) results.push(this.#best[group] ?? null)
    const column = columnFromValues(arena, binary, results)
    return { ...column, type: this.#type }
  }
}

const compareFloats = (a: number, b: number): number =>
  a < b ? -1 : a > b ? 1 : a === b ? 0 : Number.isNaN(a) ? (Number.isNaN(b) ? 0 : 1) : -1

/** Strings by code point, which is the order of their UTF-8 bytes. */
function compareOrdered(a: Value, b: Value): number {
  if (typeof a === 'string' && typeof b === 'string') return a === b ? 0 : compareCodePoints(a, b)
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b)
  return (a as bigint) < (b as bigint) ? -1 : (a as bigint) > (b as bigint) ? 1 : 0
}

function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x === y) continue
    // A surrogate stands for a code point above every other character.
    const xs = x >= 0xd800 && x <= 0xdfff
    const ys = y >= 0xd800 && y <= 0xdfff
    return xs === ys ? x - y : xs ? 1 : -1
  }
  return a.length - b.length
}

/** Variance and standard deviation by mergeable moments (Chan, Golub, LeVeque 1979). */
class Moments implements Accumulator {
  readonly partialTypes: readonly DataType[] = [float64, float64, float64]
  readonly #heap: Heap
  readonly #spec: AggregateSpec
  #counts: Float64Array = new Float64Array(16)
  #means: Float64Array = new Float64Array(16)
  #squares: Float64Array = new Float64Array(16)
  readonly #unit: number

  constructor(heap: Heap, spec: AggregateSpec) {
    this.#heap = heap
    this.#spec = spec
    const [argument] = spec.argTypes
    this.#unit = argument!.kind === 'decimal' ? 10 ** -argument!.scale : 1
  }
  grow(groups: number): void {
    this.#counts = grownFloats(this.#counts, groups)
    this.#means = grownFloats(this.#means, groups)
    this.#squares = grownFloats(this.#squares, groups)
  }
  update(row: number, group: number, [argument]: readonly Column[]): void {
    if (isNull(this.#heap, argument!, row)) return
    const value = Number(readValue(this.#heap, argument!, row)) * this.#unit
    const count = ++this.#counts[group]!
    const delta = value - this.#means[group]!
    this.#means[group]! += delta / count
    this.#squares[group]! += delta * (value - this.#means[group]!)
  }
  partial(arena: Arena, groups: number): Column[] {
    return [this.#counts, this.#means, this.#squares].map((array) =>
      columnFromValues(arena, float64, [...array.subarray(0, groups)]),
    )
  }
  merge(row: number, group: number, columns: readonly Column[]): void {
    const [count, mean, squares] = columns.map((column) => this.#heap.f64[(column.values >>> 3) + row]!) as [
      number,
      number,
      number,
    ]
    if (count === 0) return
    const own = this.#counts[group]!
    const total = own + count
    const delta = mean - this.#means[group]!
    this.#means[group]! += (delta * count) / total
    this.#squares[group]! += squares + (delta * delta * own * count) / total
    this.#counts[group] = total
  }
  finish(arena: Arena, groups: number): Column {
    const { name } = this.#spec
    const sample = !name.endsWith('_pop')
    const results: Value[] = []
    for (let group = 0; group < groups; group++) {
      const count = this.#counts[group]!
      const divisor = sample ? count - 1 : count
      const variance = divisor <= 0 ? null : this.#squares[group]! / divisor
      results.push(variance === null ? null : name.startsWith('stddev') ? Math.sqrt(variance) : variance)
    }
    return columnFromValues(arena, float64, results)
  }
}

const registerBits = 12
const registerCount = 1 << registerBits

/** Approximate distinct counts: HyperLogLog (Flajolet et al. 2007) with 4,096 registers, standard error 1.6 %. */
class HyperLogLog implements Accumulator {
  readonly partialTypes: readonly DataType[] = [binary]
  readonly #context: ColumnarContext
  readonly #heap: Heap
  readonly #registers: (Uint8Array | undefined)[] = []
  readonly #scratch: Arena
  #hashes: Int32Array = new Int32Array(0)

  constructor(context: ColumnarContext) {
    this.#context = context
    this.#heap = context.heap
    this.#scratch = new Arena(context.heap, unlimited)
  }
  grow(): void {}
  #of(group: number): Uint8Array {
    return (this.#registers[group] ??= new Uint8Array(registerCount))
  }
  prepare(args: readonly Column[], rowCount: number): void {
    const address = hashColumns(this.#context, this.#scratch, args, rowCount) >>> 2
    this.#hashes = this.#heap.i32.slice(address, address + rowCount)
    this.#scratch.reset()
  }
  update(row: number, group: number, [argument]: readonly Column[]): void {
    if (argument!.validity !== 0 && isNull(this.#heap, argument!, row)) return
    const hash = finalMix(this.#hashes[row]!)
    const registers = this.#of(group)
    const index = hash & (registerCount - 1)
    const rank = Math.clz32((hash >>> registerBits) << registerBits) + 1
    if (rank > registers[index]!) registers[index] = rank
  }
  close(): void {
    this.#scratch.close()
  }
  partial(arena: Arena, groups: number): Column[] {
    const states: Value[] = []
    for (let group = 0; group < groups; group++) states.push(this.#registers[group] ?? null)
    return [columnFromValues(arena, binary, states)]
  }
  merge(row: number, group: number, [states]: readonly Column[]): void {
    const state = readValue(this.#heap, states!, row)
    if (!(state instanceof Uint8Array)) return
    const registers = this.#of(group)
    for (let i = 0; i < registerCount; i++) if (state[i]! > registers[i]!) registers[i] = state[i]!
  }
  finish(arena: Arena, groups: number): Column {
    return int64Column(arena, groups, (group) => BigInt(estimate(this.#registers[group])))
  }
}

function estimate(registers: Uint8Array | undefined): number {
  if (registers === undefined) return 0
  let sum = 0
  let empty = 0
  for (const rank of registers) {
    sum += 2 ** -rank
    if (rank === 0) empty++
  }
  const raw = ((0.7213 / (1 + 1.079 / registerCount)) * registerCount * registerCount) / sum
  return Math.round(raw <= 2.5 * registerCount && empty > 0 ? registerCount * Math.log(registerCount / empty) : raw)
}

/** The finaliser of MurmurHash3 (Appleby): every bit depends on every bit. */
function finalMix(hash: number): number {
  let h = hash
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** Aggregates that need their values: kept as a list a group, in the order of the rows. */
class Collected implements Accumulator {
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
  update(row: number, group: number, args: readonly Column[]): void {
    const first = readValue(this.#heap, args[0]!, row)
    if (first === null && !this.#finish.keepsNulls) return
    const values = (this.#values[group] ??= [])
    if (this.#finish.firstOnly && values.length > 0) return
    values.push(args.length === 1 ? first : args.map((column) => readValue(this.#heap, column, row)))
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
  merge(row: number, group: number, columns: readonly Column[]): void {
    const lists = columns.map((column) => readValue(this.#heap, column, row) as readonly Value[])
    const values = (this.#values[group] ??= [])
    for (let i = 0; i < lists[0]!.length; i++) {
      if (this.#finish.firstOnly && values.length > 0) return
      values.push(lists.length === 1 ? lists[0]![i]! : lists.map((part) => part[i]!))
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
  readonly firstOnly: boolean
  result(values: readonly Value[], spec: AggregateSpec): Value
}

const collected = (
  result: CollectedFinish['result'],
  options: { readonly keepsNulls?: boolean; readonly firstOnly?: boolean } = {},
): CollectedFinish => ({ keepsNulls: options.keepsNulls ?? false, firstOnly: options.firstOnly ?? false, result })

const asNumber = (value: Value, type: DataType): number =>
  Number(value) * (type.kind === 'decimal' ? 10 ** -type.scale : 1)

/** The value at a fraction of the ordered values, linearly interpolated. */
function percentile(values: readonly Value[], spec: AggregateSpec, fraction: number): Value {
  if (values.length === 0) return null
  const numbers = values.map((value) => asNumber(value, spec.argTypes[0]!)).sort(compareFloats)
  const position = (numbers.length - 1) * fraction
  const below = Math.floor(position)
  const above = Math.min(numbers.length - 1, below + 1)
  return numbers[below]! + (numbers[above]! - numbers[below]!) * (position - below)
}

const collectedAggregates: Readonly<Record<string, CollectedFinish>> = {
  first: collected((values) => values[0] ?? null, { keepsNulls: true, firstOnly: true }),
  any_value: collected((values) => values[0] ?? null, { firstOnly: true }),
  last: collected((values) => values[values.length - 1] ?? null, { keepsNulls: true }),
  collect_list: collected((values) => values),
  collect_set: collected((values) => [...new Map(values.map((value) => [canonicalKey(value), value])).values()]),
  string_agg: collected((values) => {
    if (values.length === 0) return null
    return values
      .map((value) => (Array.isArray(value) ? (value as readonly Value[])[0] : value) as string)
      .join(Array.isArray(values[0]) ? String((values[0] as readonly Value[])[1] ?? '') : '')
  }),
  median: collected((values, spec) => percentile(values, spec, 0.5)),
  percentile: collected((values, spec) => {
    const tuples = values as readonly (readonly Value[])[]
    const fraction = tuples.length === 0 ? 0.5 : asNumber(tuples[0]![1]!, spec.argTypes[1]!)
    return percentile(
      tuples.map((tuple) => tuple[0]!),
      spec,
      fraction,
    )
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
  corr: collected((values, spec) => {
    const pairs = (values as readonly (readonly Value[])[]).filter(([x, y]) => x !== null && y !== null)
    if (pairs.length === 0) return null
    const xs = pairs.map((pair) => asNumber(pair[0]!, spec.argTypes[0]!))
    const ys = pairs.map((pair) => asNumber(pair[1]!, spec.argTypes[1]!))
    const mean = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0) / numbers.length
    const [mx, my] = [mean(xs), mean(ys)]
    let [xy, xx, yy] = [0, 0, 0]
    xs.forEach((x, i) => {
      xy += (x - mx) * (ys[i]! - my)
      xx += (x - mx) ** 2
      yy += (ys[i]! - my) ** 2
    })
    return xx === 0 || yy === 0 ? null : xy / Math.sqrt(xx * yy)
  }),
}

/** DISTINCT: each group's values once, then the plain aggregate over them. */
class DistinctAccumulator implements Accumulator {
  readonly partialTypes: readonly DataType[]
  readonly #context: ColumnarContext
  readonly #account: MemoryAccount
  readonly #spec: AggregateSpec
  readonly #pairs: GroupTable
  readonly #scratch: Arena

  constructor(context: ColumnarContext, account: MemoryAccount, spec: AggregateSpec) {
    this.#context = context
    this.#account = account
    this.#spec = spec
    this.partialTypes = spec.argTypes.map((type) => list(type))
    this.#pairs = new GroupTable(context, account, [int32, ...spec.argTypes])
    this.#scratch = new Arena(context.heap, unlimited)
  }
  grow(): void {}
  update(row: number, group: number, args: readonly Column[]): void {
    const one = this.#scratch.allocate(8)
    const { i32 } = this.#context.heap
    i32[one >>> 2] = row
    i32[(one >>> 2) + 1] = group
    const values = args.map((column) => takeColumn(this.#context, this.#scratch, column, one, 1))
    this.#insert(fixedColumn(int32, 1, one + 4), values, 1)
  }
  updateAll(groupIds: number, args: readonly Column[], rowCount: number): void {
    const groups = groupIds === 0 ? this.#scratch.allocateZeroed(rowCount * 4) : groupIds
    this.#insert(fixedColumn(int32, rowCount, groups), args, rowCount)
  }
  #insert(groups: Column, args: readonly Column[], rowCount: number): void {
    this.#pairs.insert([groups, ...args], rowCount, this.#scratch.allocate(rowCount * 4))
    this.#scratch.reset()
  }
  #lists(groups: number): Value[][][] {
    const [groupColumn, ...args] = this.#pairs.keys(this.#scratch)
    const lists: Value[][][] = this.#spec.argTypes.map(() => Array.from({ length: groups }, () => []))
    for (let pair = 0; pair < this.#pairs.groupCount; pair++) {
      if (args.some((column) => isNull(this.#context.heap, column, pair))) continue
      const group = Number(readValue(this.#context.heap, groupColumn!, pair))
      args.forEach((column, i) => lists[i]![group]!.push(readValue(this.#context.heap, column, pair)))
    }
    this.#scratch.reset()
    return lists
  }
  partial(arena: Arena, groups: number): Column[] {
    const lists = this.#lists(groups)
    return this.#spec.argTypes.map((type, i) => columnFromValues(arena, list(type), lists[i]!))
  }
  merge(row: number, group: number, columns: readonly Column[]): void {
    const lists = columns.map((column) => readValue(this.#context.heap, column, row) as readonly Value[])
    for (let i = 0; i < lists[0]!.length; i++) {
      const args = this.#spec.argTypes.map((type, k) => columnFromValues(this.#scratch, type, [lists[k]![i]!]))
      this.#insert(columnFromValues(this.#scratch, int32, [group]), args, 1)
    }
  }
  finish(arena: Arena, groups: number): Column {
    const plain = createAccumulator(this.#context, this.#account, { ...this.#spec, distinct: false })
    plain.grow(groups)
    const [groupColumn, ...args] = this.#pairs.keys(this.#scratch)
    plain.prepare?.(args, this.#pairs.groupCount)
    for (let pair = 0; pair < this.#pairs.groupCount; pair++) {
      if (args.some((column) => isNull(this.#context.heap, column, pair))) continue
      plain.update(pair, Number(readValue(this.#context.heap, groupColumn!, pair)), args)
    }
    const result = plain.finish(arena, groups)
    this.#scratch.reset()
    return result
  }
  close(): void {
    this.#pairs.close()
    this.#scratch.close()
  }
}
