import { boolean, decimal, float64, int32, int64, string, type DataType, type Value } from '@deltaworks/schema'
import fc from 'fast-check'
import { Arena, unlimited } from './arena.js'
import { fixedColumn } from './column.js'
import { createContext } from './context.js'
import { GroupTable } from './group-table.js'
import { hashColumns } from './hash.js'
import { partitionBatch } from './partition.js'
import { recordBatch } from './record-batch.js'
import { sortIndexes } from './sort.js'
import { columnIn, flatTypes, forms, nestedTypes, nullable, rowKey, valuesOf, type Form } from './testing/columns.js'

/** Groups against a `Map` over texts of the keys. */

const context = createContext()
const { heap } = context
const readIds = (address: number, count: number): number[] => [
  ...heap.i32.subarray(address >>> 2, (address >>> 2) + count),
]

interface Part {
  readonly rows: readonly Value[][]
  readonly form: Form
}

/** Inserts the parts batch by batch; checks numbers, keys and look-ups. */
function check(types: readonly DataType[], parts: readonly Part[], absent: readonly Value[][] = []): void {
  const arena = new Arena(heap)
  const table = new GroupTable(context, unlimited, types)
  const columnsOf = ({ rows, form }: Part) =>
    types.map((type, i) =>
      columnIn(
        arena,
        type,
        rows.map((row) => row[i]!),
        form,
      ),
    )
  const groups = new Map<string, number>()
  const firsts: Value[][] = []
  for (const part of parts) {
    const ids = arena.allocate(part.rows.length * 4)
    table.insert(columnsOf(part), part.rows.length, ids)
    const expected = part.rows.map((row) => {
      const key = rowKey(row)
      if (!groups.has(key)) {
        groups.set(key, groups.size)
        firsts.push(row)
      }
      return groups.get(key)
    })
    expect(readIds(ids, part.rows.length)).toEqual(expected)
  }
  expect(table.groupCount).toBe(groups.size)
  const columns = table.keys(arena).map((column) => valuesOf(arena, column))
  expect(firsts.map((_, g) => rowKey(columns.map((column) => column[g]!)))).toEqual(firsts.map(rowKey))
  for (const column of columns) expect(column).toHaveLength(groups.size)
  for (const part of [...parts, { rows: absent, form: 'plain' as const }]) {
    const ids = arena.allocate(part.rows.length * 4)
    table.lookup(columnsOf(part), part.rows.length, ids)
    expect(readIds(ids, part.rows.length)).toEqual(part.rows.map((row) => groups.get(rowKey(row)) ?? -1))
  }
  expect(table.groupCount).toBe(groups.size)
  table.close()
  arena.close()
}

const partsOf = (types: readonly DataType[]): fc.Arbitrary<Part[]> =>
  fc.array(fc.record({ rows: fc.array(fc.tuple(...types.map(nullable)), { maxLength: 50 }), form: forms }), {
    maxLength: 4,
  }) as fc.Arbitrary<Part[]>

const property = (types: readonly DataType[]): void =>
  fc.assert(
    fc.property(partsOf(types), fc.array(fc.tuple(...types.map(nullable)), { maxLength: 20 }), (parts, absent) =>
      check(types, parts, absent as Value[][]),
    ),
    { numRuns: 60 },
  )

describe('GroupTable', () => {
  it.each([...flatTypes, ...nestedTypes].map((type) => [type.kind, type] as const))(
    'E-14: numbers keys of %s as they first come',
    (_, type) => property([type]),
  )
  it('numbers combinations of columns', () => {
    property([string, string])
    property([int64, int32])
    property([boolean, string])
    property([boolean])
    property([string, decimal(38, 2), float64, int64, boolean, ...nestedTypes])
    property(new Array<DataType>(9).fill(int32))
    property([...flatTypes])
  })
  it('holds many groups: words scattered, dense, spreading, and texts', () => {
    const numbers = Array.from({ length: 60_000 }, (_, i) => (i * 7919) % 40_000)
    const batches = (valueOf: (n: number) => Value): Part[] =>
      [0, 1, 2, 3].map((part) => ({
        rows: numbers.slice(part * 15_000, (part + 1) * 15_000).map((n) => [valueOf(n)]),
        form: 'plain',
      }))
    check(
      [int64],
      batches((n) => BigInt(n) * 1_000_003_579n - 5_000_000_000_000n),
      [[17n], [null]],
    )
    check(
      [int64],
      batches((n) => BigInt(n - 20_000)),
      [[-20_001n], [40_001n], [2n ** 63n - 1n], [-(2n ** 63n)], [null]],
    )
    check(
      [int64],
      batches((n) => (n % 100 === 99 ? 2n ** 63n - 1n : -(2n ** 63n) + BigInt(n))),
      [[0n]],
    )
    check(
      [string],
      batches((n) => (n % 1000 === 0 ? null : `${'long '.repeat(n % 7)}${n}`)),
      [['']],
    )
    check(
      [string, int32],
      batches((n) => `${n}`).map(({ rows, form }, i) => ({ rows: rows.map((row) => [row[0]!, i % 2]), form })),
    )
  })
  it('grows a dense range downwards and upwards, then gives it up', () => {
    const batch = (from: number, to: number): Part => ({
      rows: Array.from({ length: 1000 }, (_, i) => [BigInt(from + ((i * 31) % (to - from)))]),
      form: 'plain',
    })
    check(
      [int64],
      [
        batch(0, 900),
        batch(-700, 300),
        batch(500, 1500),
        batch(-3000, -2000),
        { rows: [[10n ** 15n], [null], [5n]], form: 'plain' },
        batch(-3000, 3000),
      ],
      [[-3001n], [4000n]],
    )
  })
  it('tells texts of one hash and length apart', () => {
    const arena = new Arena(heap)
    const rows = Array.from({ length: 300_000 }, (_, i) => `the same${100_000 + i}`)
    const { offsets, values } = columnIn(arena, string, rows, 'plain')
    const hashes = arena.allocate(rows.length * 4)
    context.kernels['groupTextHashes']!(offsets, values, 0, rows.length, hashes)
    const byHash = new Map<number, string>()
    const colliding = readIds(hashes, rows.length).flatMap((hash, i) => {
      const other = byHash.get(hash)
      byHash.set(hash, rows[i]!)
      return other === undefined ? [] : [[other], [rows[i]!]]
    })
    expect(colliding.length).toBeGreaterThan(2)
    check([string], [{ rows: colliding, form: 'plain' }], colliding)
    arena.close()
  })
  it('takes every NaN for one, and both zeros', () => {
    const arena = new Arena(heap)
    const bits = [0x7ff8000000000000n, -1n, 0x7ff0000000000001n, 0n, -(2n ** 63n), 0x3ff0000000000000n]
    const address = arena.allocate(bits.length * 8)
    bits.forEach((word, i) => (heap.i64[(address >>> 3) + i] = word))
    const column = fixedColumn(float64, bits.length, address)
    for (const others of [[], [columnIn(arena, int32, [1, 1, 1, 1, 1, 1], 'plain')]]) {
      const table = new GroupTable(context, unlimited, [float64, ...others.map(({ type }) => type)])
      const ids = arena.allocate(bits.length * 4)
      table.insert([column, ...others], bits.length, ids)
      expect(readIds(ids, bits.length)).toEqual([0, 0, 0, 1, 1, 2])
      table.close()
    }
    const order = sortIndexes(context, arena, [{ column, descending: false, nullsFirst: true }], bits.length)
    expect(readIds(order, bits.length)).toEqual([3, 4, 5, 0, 1, 2])
    arena.close()
  })
  it('gives rows with a null key -1 where nulls do not match', () => {
    const arena = new Arena(heap)
    const table = new GroupTable(context, unlimited, [int64, string], [false, true])
    const keys = [
      columnIn(arena, int64, [1n, null, 1n, 2n, null], 'plain'),
      columnIn(arena, string, [null, 'a', null, 'a', null], 'dictionary'),
    ]
    const ids = arena.allocate(20)
    table.insert(keys, 5, ids)
    expect(readIds(ids, 5)).toEqual([0, -1, 0, 1, -1])
    table.lookup(keys, 5, ids)
    expect(readIds(ids, 5)).toEqual([0, -1, 0, 1, -1])
    expect(table.groupCount).toBe(2)
    table.close()
    arena.close()
  })
  it('E-38: reserves all its memory, and gives it back', () => {
    let used = 0
    let most = 0
    const account = {
      reserve: (bytes: number) => {
        used += bytes
        most = Math.max(most, used)
      },
      release: (bytes: number) => void (used -= bytes),
    }
    const before = heap.usedBytes
    const table = new GroupTable(context, account, [string, int64])
    const arena = new Arena(heap)
    const rows = Array.from({ length: 20_000 }, (_, i) => i)
    table.insert(
      [
        columnIn(
          arena,
          string,
          rows.map((i) => `text ${i}`),
          'plain',
        ),
        columnIn(arena, int64, rows.map(BigInt), 'plain'),
      ],
      rows.length,
      arena.allocate(rows.length * 4),
    )
    expect(most).toBeGreaterThan(1_000_000)
    expect(used).toBe(heap.usedBytes - before - arena.sizeBytes)
    table.close()
    arena.close()
    expect(used).toBe(0)
    expect(heap.usedBytes).toBe(before)
  })
})

describe('hashColumns and partitionBatch', () => {
  it('put equal keys into one part, whatever their form, and every row into one', () => {
    fc.assert(
      fc.property(
        fc
          .constantFrom(...flatTypes, ...nestedTypes)
          .chain((type) =>
            fc.tuple(
              fc.constant(type),
              fc.array(nullable(type), { maxLength: 60 }),
              forms,
              forms,
              fc.integer({ min: 1, max: 9 }),
            ),
          ),
        ([type, rows, form, otherForm, partitions]) => {
          const arena = new Arena(heap)
          const of = { fields: [{ name: 'k', type, nullable: true }] }
          const columns = [form, otherForm].map((f) => columnIn(arena, type, rows, f))
          const [a, b] = columns.map((column) =>
            readIds(hashColumns(context, arena, [column], rows.length), rows.length),
          )
          expect(a).toEqual(b)
          const batch = recordBatch(of, rows.length, [columns[0]!])
          const parts = partitionBatch(context, arena, batch, [0], partitions)
          const partRows = parts.map(({ address, count }) => readIds(address, count))
          expect(partRows).toHaveLength(partitions)
          for (const part of partRows) expect(part).toEqual([...part].sort((x, y) => x - y))
          expect(partRows.flat().sort((x, y) => x - y)).toEqual(rows.map((_, i) => i))
          const partOf = new Map<string, number>()
          partRows.forEach((part, p) =>
            part.forEach((row) => {
              const key = rowKey([rows[row]!])
              expect(partOf.get(key) ?? p).toBe(p)
              partOf.set(key, p)
            }),
          )
          arena.close()
        },
      ),
    )
  })
})
