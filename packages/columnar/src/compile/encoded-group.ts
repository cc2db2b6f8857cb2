import { columnsOf, type BoundExpression, type EvaluationContext } from '@deltaworks/expression'
import { isDeltaworksError, isVariableLength, type Schema } from '@deltaworks/schema'
import type { Arena } from '../arena.js'
import { byteWidth, dictionaryColumn, fixedColumn, type Column } from '../column.js'
import type { ColumnarContext } from '../context.js'
import { recordBatch, type RecordBatch } from '../record-batch.js'
import { takeColumn } from '../take.js'
import { CompiledGroup } from './compiled-group.js'

/** An entry of a dictionary is worth evaluating if so many rows have it, on average. */
const rowsPerEntry = 4

/**
 * Expressions of one column each are evaluated once an entry of its dictionary, and rows get the result by their codes; all
 * others, in one loop, row by row. Columns that are no dictionaries, or have about as many entries as rows, belong to the latter.
 */
export class EncodedGroup {
  readonly #context: ColumnarContext
  readonly #expressions: readonly BoundExpression[]
  readonly #schema: Schema
  /** Expressions by the one column that they read. */
  readonly #byColumn: ReadonlyMap<number, readonly number[]>
  readonly #group: (expressions: readonly BoundExpression[]) => CompiledGroup
  /** By the columns that are evaluated by entry in a batch. */
  readonly #partitions = new Map<string, Partition>()
  readonly #entryGroups = new Map<number, CompiledGroup>()
  readonly #lastKnown = new Map<number, KnownEntries>()

  constructor(
    context: ColumnarContext,
    expressions: readonly BoundExpression[],
    schema: Schema,
    evaluation: EvaluationContext,
    mayBeInterpreted: boolean,
  ) {
    this.#context = context
    this.#expressions = expressions
    this.#schema = schema
    this.#group = (some) => new CompiledGroup(context, some, schema, evaluation, mayBeInterpreted)
    this.#byColumn = byColumn(expressions, schema)
  }

  project(arena: Arena, batch: RecordBatch): Column[] {
    const encoded = this.#encoded(batch)
    const partition = this.#partition([...encoded.keys()])
    const columns = new Array<Column>(this.#expressions.length)
    for (const [index, column] of encoded) {
      const places = this.#byColumn.get(index)!
      const group = this.#entryGroups.get(index)!
      const results = this.#byEntry(arena, group, index, column) ?? group.project(arena, batch)
      results.forEach((result, i) => (columns[places[i]!] = result))
    }
    const { rest, places } = partition
    rest?.project(arena, batch).forEach((result, i) => (columns[places[i]!] = result))
    return columns
  }

  /** Columns of the batch that are codes of few entries, by their index. */
  #encoded(batch: RecordBatch): ReadonlyMap<number, Column> {
    const encoded = new Map<number, Column>()
    for (const index of this.#byColumn.keys()) {
      const column = batch.columns[index]!
      if (column.dictionary !== null && column.dictionary.length * rowsPerEntry <= batch.rowCount)
        encoded.set(index, column)
    }
    return encoded
  }

  #partition(encoded: readonly number[]): Partition {
    const key = encoded.join()
    let partition = this.#partitions.get(key)
    if (partition === undefined) {
      const apart = new Set(encoded.flatMap((index) => this.#byColumn.get(index)!))
      const places = this.#expressions.map((_, i) => i).filter((i) => !apart.has(i))
      const rest = places.map((i) => this.#expressions[i]!)
      partition = { rest: rest.length === 0 ? null : this.#group(rest), places }
      this.#partitions.set(key, partition)
    }
    for (const index of encoded) {
      if (this.#entryGroups.has(index)) continue
      this.#entryGroups.set(index, this.#group(this.#byColumn.get(index)!.map((i) => this.#expressions[i]!)))
    }
    return partition
  }

  /** @returns null if an entry fails: only the rows, which may not have it, decide whether that is an error */
  #byEntry(arena: Arena, group: CompiledGroup, index: number, column: Column): Column[] | null {
    try {
      const results = this.#known(arena, index, column) ?? this.#evaluate(arena, group, index, column)
      return results.map((result) => this.#spread(arena, column, result))
    } catch (error) {
      if (!isDeltaworksError(error)) throw error
      return null
    }
  }

  #evaluate(arena: Arena, group: CompiledGroup, index: number, column: Column): readonly Column[] {
    const entries = this.#entries(arena, column)
    const columns = new Array<Column>(index + 1).fill(entries)
    const results = group.project(arena, recordBatch(this.#schema, entries.length, columns))
    this.#keep(index, column, results)
    return results
  }

  /** Batches of one row group share a dictionary: what its entries gave stands for the next batch too. */
  #keep(index: number, column: Column, results: readonly Column[]): void {
    if (results.some(({ type }) => type.kind !== 'boolean' && byteWidth(type) === 0)) return
    const { u8 } = this.#context.heap
    const bytesOf = ({ type, length }: Column) =>
      type.kind === 'boolean' ? (length + 7) >> 3 : length * byteWidth(type)
    const kept = results.map((result) => ({
      type: result.type,
      length: result.length,
      nullCount: result.nullCount,
      values: u8.slice(result.values, result.values + bytesOf(result)),
      validity: result.validity === 0 ? null : u8.slice(result.validity, result.validity + ((result.length + 7) >> 3)),
    }))
    this.#lastKnown.set(index, { dictionary: column.dictionary!, hasNull: column.validity !== 0, kept })
  }

  #known(arena: Arena, index: number, { dictionary, validity }: Column): readonly Column[] | null {
    const last = this.#lastKnown.get(index)
    if (last === undefined || last.dictionary !== dictionary || last.hasNull !== (validity !== 0)) return null
    const { u8 } = this.#context.heap
    const put = (bytes: Uint8Array): number => {
      const address = arena.allocate(bytes.length)
      u8.set(bytes, address)
      return address
    }
    return last.kept.map((of) =>
      fixedColumn(of.type, of.length, put(of.values), of.validity === null ? 0 : put(of.validity), of.nullCount),
    )
  }

  /** The entries as rows, each once, then null if a row is. */
  #entries(arena: Arena, { dictionary, validity }: Column): Column {
    const count = dictionary!.length
    const length = validity === 0 ? count : count + 1
    const codes = arena.allocate(length * 4)
    const { i32, u8 } = this.#context.heap
    for (let entry = 0; entry < length; entry++) i32[(codes >>> 2) + entry] = entry === count ? 0 : entry
    let present = 0
    if (validity !== 0) {
      present = arena.allocate((length + 7) >> 3)
      arena.heap.fill(present, 0xff, (length + 7) >> 3)
      u8[present + (count >> 3)]! &= ~(1 << (count & 7))
    }
    return dictionaryColumn(dictionary!, length, codes, present, present === 0 ? 0 : 1)
  }

  /** The result of its entry for each row. */
  #spread(arena: Arena, column: Column, result: Column): Column {
    const { length, values: codes, validity } = column
    const entries = column.dictionary!.length
    if (result.type.kind === 'boolean') return this.#spreadBits(arena, column, result)
    if (validity === 0) return takeColumn(this.#context, arena, result, codes, length)
    const indexes = arena.allocate(length * 4)
    const { i32, u8 } = this.#context.heap
    for (let row = 0; row < length; row++) {
      const present = ((u8[validity + (row >> 3)]! >> (row & 7)) & 1) === 1
      i32[(indexes >>> 2) + row] = present ? i32[(codes >>> 2) + row]! : entries
    }
    return takeColumn(this.#context, arena, result, indexes, length)
  }

  #spreadBits(arena: Arena, column: Column, result: Column): Column {
    const { length, dictionary } = column
    const values = this.#bitsOf(arena, column, result.values)
    if (result.validity === 0) return fixedColumn(result.type, length, values)
    const validity = this.#bitsOf(arena, column, result.validity)
    // Values of codes that no row has may be null.
    const { kernels } = this.#context
    const entriesKnown = kernels['bitsCount']!(result.validity, 0, 0, 0, dictionary!.length) === dictionary!.length
    const nulls =
      entriesKnown && column.nullCount >= 0
        ? column.nullCount
        : length - kernels['bitsCount']!(validity, 0, 0, 0, length)
    return fixedColumn(result.type, length, values, nulls === 0 ? 0 : validity, nulls)
  }

  /** A bit a row, out of one an entry. Where all entries agree, codes are not looked at. */
  #bitsOf(arena: Arena, { values: codes, validity, dictionary, length }: Column, bits: number): number {
    const { heap, kernels } = this.#context
    const entries = dictionary!.length
    const bytes = (length + 7) >> 3
    const target = arena.allocate(bytes)
    const missing = validity === 0 ? 0 : (heap.u8[bits + (entries >> 3)]! >> (entries & 7)) & 1
    const set = kernels['bitsCount']!(bits, 0, 0, 0, entries)
    if (set !== 0 && set !== entries) kernels['bitsOfCodes']!(bits, codes, validity, missing, length, target)
    else if (validity === 0 || (missing === 1) === (set !== 0)) heap.fill(target, set === 0 ? 0 : 0xff, bytes)
    else if (set !== 0) heap.copy(target, validity, bytes)
    else for (let i = 0; i < bytes; i++) heap.u8[target + i] = ~heap.u8[validity + i]!
    return target
  }
}

/** Results of a fixed width, copied out of the arena. */
interface KnownEntries {
  readonly dictionary: Column
  readonly hasNull: boolean
  readonly kept: readonly {
    readonly type: Column['type']
    readonly length: number
    readonly nullCount: number
    readonly values: Uint8Array
    readonly validity: Uint8Array | null
  }[]
}

interface Partition {
  /** What is evaluated row by row, and where its results go. */
  readonly rest: CompiledGroup | null
  readonly places: readonly number[]
}

function byColumn(expressions: readonly BoundExpression[], schema: Schema): ReadonlyMap<number, readonly number[]> {
  const places = new Map<number, number[]>()
  expressions.forEach((e, i) => {
    const [index, other] = columnsOf(e)
    if (index === undefined || other !== undefined || isVariableLength(e.type)) return
    if (!isVariableLength(schema.fields[index]!.type)) return
    const own = places.get(index)
    if (own === undefined) places.set(index, [i])
    else own.push(i)
  })
  return places
}
