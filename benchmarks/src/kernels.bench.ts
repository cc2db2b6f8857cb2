import {
  Arena,
  Accumulators,
  batchFromRows,
  concatBatches,
  copyBatch,
  createContext,
  fixedColumn,
  GroupTable,
} from '@deltaworks/columnar'
import { hashColumns, JoinTable, readSegment, recordBatch, sortIndexes, takeColumn } from '@deltaworks/columnar'
import { unlimited, variableColumn, writeSegment } from '@deltaworks/columnar'
import { dictionaryColumn, type Column, type ColumnarContext, type RecordBatch } from '@deltaworks/columnar'
import { date, decimal, float64, int64, string, type DataType } from '@deltaworks/schema'
import { commandLine } from './command-line.js'

/**
 * Kernels one by one, in ns a row: the least of the rounds, after a first one that warms the compilers.
 *   node benchmarks/dist/kernels.bench.js [--rows 1000000] [--rounds 5] [--only group]
 */
const { values: options } = commandLine({
  options: {
    rows: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', default: '' },
  },
})
const rows = Number(options.rows)
const rounds = Number(options.rounds)
const batchRows = 16_384

const coldStart = performance.now()
const context: ColumnarContext = createContext()
const { heap } = context
const first = new Arena(heap)
firstUse(first)
console.log(`cold: context and first use of every table ${(performance.now() - coldStart).toFixed(1)} ms`)

/** One tiny call of each, as a small pipeline makes it. */
function firstUse(arena: Arena): void {
  const batch = batchFromRows(arena, { fields: [{ name: 'k', type: int64, nullable: true }] }, [[1n], [2n], [1n]])
  const ids = arena.allocate(12)
  const groups = new GroupTable(context, unlimited, [int64])
  groups.insert(batch.columns, 3, ids)
  const sums = new Accumulators(context, unlimited, [{ name: 'sum', argTypes: [int64], type: int64, distinct: false }])
  sums.update(ids, [batch.columns], [null], 3, 2)
  sums.finish(arena, 2)
  const join = new JoinTable(context, unlimited, [int64], [false], batch.columns, 3)
  for (const pairs of join.probe(arena, batch.columns, 3, 8)) void pairs
  sortIndexes(context, arena, [{ column: batch.columns[0]!, descending: false, nullsFirst: true }], 3)
  for (const table of [groups, sums, join]) table.close()
}

/** Numbers that are the same in every run (a linear congruential generator). */
function generator(seed: number): (range: number) => number {
  let state = seed >>> 0
  return (range) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 4_294_967_296) * range)
  }
}

const data = new Arena(heap)

function wordColumn(type: DataType, valueOf: (row: number) => bigint): Column {
  const address = data.allocate(rows * 8)
  const { i64 } = heap
  for (let row = 0; row < rows; row++) i64[(address >>> 3) + row] = valueOf(row)
  return fixedColumn(type, rows, address)
}

function floatColumn(valueOf: (row: number) => number): Column {
  const address = data.allocate(rows * 8)
  const { f64 } = heap
  for (let row = 0; row < rows; row++) f64[(address >>> 3) + row] = valueOf(row)
  return fixedColumn(float64, rows, address)
}

function intColumn(type: DataType, valueOf: (row: number) => number): Column {
  const address = data.allocate(rows * 4)
  const { i32 } = heap
  for (let row = 0; row < rows; row++) i32[(address >>> 2) + row] = valueOf(row)
  return fixedColumn(type, rows, address)
}

function textColumn(valueOf: (row: number) => string): Column {
  const texts = Array.from({ length: rows }, (_, row) => Buffer.from(valueOf(row)))
  const offsets = data.allocate((rows + 1) * 4)
  const bytes = data.allocate(texts.reduce((sum, text) => sum + text.length, 0))
  const { i32, u8 } = heap
  let position = 0
  texts.forEach((text, row) => {
    i32[(offsets >>> 2) + row] = position
    u8.set(text, bytes + position)
    position += text.length
  })
  i32[(offsets >>> 2) + rows] = position
  return variableColumn(string, rows, offsets, bytes)
}

/** Every 16th row is null. */
function withNulls(column: Column): Column {
  const validity = data.allocate((rows + 7) >> 3)
  const { u8 } = heap
  for (let byte = 0; byte < (rows + 7) >> 3; byte++) u8[validity + byte] = byte % 2 === 0 ? 0xff : 0x7f
  return { ...column, validity, nullCount: -1 }
}

/** Rows [start, end) of a column without copying: start is a multiple of 8. */
function window(column: Column, start: number, end: number): Column {
  const width = column.dictionary !== null || column.type.kind === 'date' ? 4 : column.offsets !== 0 ? 0 : 8
  return {
    ...column,
    length: end - start,
    validity: column.validity === 0 ? 0 : column.validity + (start >> 3),
    values: column.values + start * width,
    offsets: column.offsets === 0 ? 0 : column.offsets + start * 4,
  }
}

function* batches(columns: readonly Column[]): Generator<{ readonly columns: Column[]; readonly count: number }> {
  for (let start = 0; start < rows; start += batchRows) {
    const end = Math.min(rows, start + batchRows)
    yield { columns: columns.map((column) => window(column, start, end)), count: end - start }
  }
}

function report(name: string, work: () => void): void {
  if (!name.includes(options.only)) return
  let best = Infinity
  for (let round = 0; round <= rounds; round++) {
    const start = performance.now()
    work()
    if (round > 0) best = Math.min(best, performance.now() - start)
  }
  console.log(`${name.padEnd(52)} ${((best * 1e6) / rows).toFixed(2).padStart(9)} ns/row`)
}

const next = generator(42)
const scattered = (n: number): bigint => BigInt(n) * 1_000_003_579n - 77n
const key200k = wordColumn(int64, () => scattered(next(200_000)))
const dense200k = wordColumn(int64, () => BigInt(next(200_000)))
const key100 = wordColumn(int64, () => scattered(next(100)))
const amount = wordColumn(decimal(12, 2), () => BigInt(next(1_000_000) - 500_000))
const measure = floatColumn(() => next(1_000_000) / 7)
const day = intColumn(date, () => 18_000 + next(2_000))
const text200k = textColumn(() => `customer-${next(200_000)}`)
const text50 = textColumn(() => `territory ${next(50)}`)
const codes = intColumn(date, () => next(50))
const dictionary50: Column = (() => {
  const batch = batchFromRows(
    data,
    { fields: [{ name: 'text', type: string, nullable: false }] },
    Array.from({ length: 50 }, (_, i) => [`territory ${i}`]),
  )
  return dictionaryColumn(batch.columns[0]!, rows, codes.values)
})()

function group(columns: readonly Column[]): void {
  const table = new GroupTable(
    context,
    unlimited,
    columns.map((column) => column.type),
  )
  const arena = new Arena(heap)
  for (const batch of batches(columns)) {
    arena.reset()
    table.insert(batch.columns, batch.count, arena.allocate(batch.count * 4))
  }
  arena.reset()
  table.keys(arena)
  table.close()
  arena.close()
}

function join(build: Column, probe: Column): () => void {
  const table = new JoinTable(context, unlimited, [build.type], [false], [build], build.length)
  return () => {
    const arena = new Arena(heap)
    for (const batch of batches([probe])) {
      arena.reset()
      for (const pairs of table.probe(arena, batch.columns, batch.count, 65_536)) void pairs
    }
    arena.close()
  }
}

function aggregate(name: string, argument: Column | null, type: DataType, keys: Column | null): void {
  const argTypes = argument === null ? [] : [argument.type]
  const accumulators = new Accumulators(context, unlimited, [{ name, argTypes, type, distinct: false }])
  const table = keys === null ? null : new GroupTable(context, unlimited, [keys.type])
  const arena = new Arena(heap)
  const all = [...(argument === null ? [] : [argument]), ...(keys === null ? [] : [keys])]
  for (const batch of batches(all)) {
    arena.reset()
    const ids = table === null ? 0 : arena.allocate(batch.count * 4)
    table?.insert(batch.columns.slice(-1), batch.count, ids)
    const args = argument === null ? [] : [batch.columns[0]!]
    accumulators.update(ids, [args], [null], batch.count, table?.groupCount ?? 1)
  }
  arena.reset()
  accumulators.finish(arena, table?.groupCount ?? 1)
  table?.close()
  accumulators.close()
  arena.close()
}

const order = (columns: readonly Column[], fetch: number | null = null): void => {
  const arena = new Arena(heap)
  const keys = columns.map((column) => ({ column, descending: false, nullsFirst: true }))
  sortIndexes(context, arena, keys, rows, fetch)
  arena.close()
}

report('group by int64, 200k groups, scattered', () => group([key200k]))
report('group by int64, 200k groups, dense', () => group([dense200k]))
report('group by int64, 100 groups', () => group([key100]))
report('group by int64 with nulls, 200k groups', () => group([withNulls(key200k)]))
report('group by string, 200k groups', () => group([text200k]))
report('group by string, 50 groups', () => group([text50]))
report('group by dictionary string, 50 groups', () => group([dictionary50]))
report('group by int64 and date', () => group([key100, day]))
report('group by string and int64', () => group([text50, key100]))
report('group by two dictionary strings', () => group([dictionary50, dictionary50]))

const unique = wordColumn(int64, (row) => scattered((row * 7919) % rows))
report('join build int64, all distinct', () => {
  new JoinTable(context, unlimited, [int64], [false], [unique], unique.length).close()
})
report('join probe int64, distinct build', join(unique, unique))
report('join probe int64, 5 matches a row (ns a probe row)', join(key200k, key200k))
report(
  'join probe string',
  join(
    text50,
    textColumn((row) => `customer-${row}`),
  ),
)

const nullable = withNulls(amount)
report('sum decimal, one group', () => aggregate('sum', amount, decimal(22, 2), null))
report('group by 100 + sum decimal', () => aggregate('sum', amount, decimal(22, 2), key100))
report('group by 100 + sum decimal with nulls', () => aggregate('sum', nullable, decimal(22, 2), key100))
report('group by 100 + sum double', () => aggregate('sum', measure, float64, key100))
report('group by 100 + min int64', () => aggregate('min', amount, decimal(12, 2), key100))
report('group by 100 + max double', () => aggregate('max', measure, float64, key100))
report('group by 100 + max string', () => aggregate('max', text50, string, key100))
report('group by 100 + count(*)', () => aggregate('count', null, int64, key100))
report('group by 200k + sum decimal', () => aggregate('sum', amount, decimal(22, 2), key200k))
report('approx_count_distinct', () => aggregate('approx_count_distinct', key200k, int64, null))

report('sort int64', () => order([unique]))
report('sort double', () => order([measure]))
report('sort string', () => order([text200k]))
report('sort string, int64 descending', () => order([text50, unique]))
report('sort int64, first 100', () => order([unique], 100))

const schema = {
  fields: [
    { name: 'a', type: int64, nullable: false },
    { name: 'b', type: string, nullable: false },
    { name: 'c', type: decimal(12, 2), nullable: true },
  ],
}
const parts = (): RecordBatch[] =>
  [...batches([key200k, text200k, nullable])].map(({ columns, count }) => recordBatch(schema, count, columns))
const everySecond = data.allocate(rows * 4)
for (let row = 0; row < rows; row++) heap.i32[(everySecond >>> 2) + row] = (row * 2) % rows
const taken = (column: Column) => () => {
  const arena = new Arena(heap)
  takeColumn(context, arena, column, everySecond, rows)
  arena.close()
}
report('take int64', taken(key200k))
report('take int64 with nulls', taken(nullable))
report('take string', taken(text200k))
report('copy of 3 columns', () => {
  const arena = new Arena(heap)
  for (const batch of parts()) {
    arena.reset()
    copyBatch(arena, batch)
  }
  arena.close()
})
report('concat of 3 columns', () => {
  const arena = new Arena(heap)
  concatBatches(arena, schema, parts())
  arena.close()
})
report('segment of 3 columns, write and read', () => {
  const arena = new Arena(heap)
  readSegment(arena, writeSegment(heap, schema, parts()))
  arena.close()
})
report('hash int64', () => {
  const arena = new Arena(heap)
  hashColumns(context, arena, [key200k], rows)
  arena.close()
})
report('hash string', () => {
  const arena = new Arena(heap)
  hashColumns(context, arena, [text200k], rows)
  arena.close()
})
