import { int64, schema, string, type DataType, type Value } from '@deltaworks/schema'
import fc from 'fast-check'
import { Arena } from './arena.js'
import { nestedColumn } from './column.js'
import { concatColumns, constantColumn, copyColumn, nullColumn, plainColumn, sliceBatch, sliceColumn } from './copy.js'
import { createContext } from './context.js'
import { recordBatch } from './record-batch.js'
import { readSegment, segmentInfo, writeSegment } from './segment.js'
import { selectColumn, selectionOfTrue, takeColumn } from './take.js'
import { columnIn, flatTypes, forms, nestedTypes, nullable, valuesOf } from './testing/columns.js'
import { batchToRows } from './read-values.js'
import { batchFromRows } from './values.js'

/** What moves values about, against the same on JavaScript arrays: all types, plain, sliced and dictionary-encoded. */

const context = createContext()
const types = [...flatTypes, ...nestedTypes]

function property(
  type: DataType,
  check: (
    arena: Arena,
    make: (rows: readonly Value[]) => ReturnType<typeof columnIn>,
    rows: readonly Value[],
    n: number,
  ) => void,
): void {
  fc.assert(
    fc.property(fc.array(nullable(type), { maxLength: 40 }), forms, fc.nat(), (rows, form, n) => {
      const arena = new Arena(context.heap)
      try {
        check(arena, (part) => columnIn(arena, type, part, form), rows, n)
      } finally {
        arena.close()
      }
    }),
    { numRuns: 60 },
  )
}

describe.each(types.map((type) => [type.kind, type] as const))('%s', (_, type) => {
  it('gives back the values it was made of', () => {
    property(type, (arena, make, rows) => expect(valuesOf(arena, make(rows))).toEqual(rows))
  })
  it('copies and dissolves dictionaries', () => {
    property(type, (arena, make, rows) => {
      expect(valuesOf(arena, copyColumn(arena, make(rows)))).toEqual(rows)
      const plain = plainColumn(arena, make(rows))
      expect(plain.dictionary).toBeNull()
      expect(valuesOf(arena, plain)).toEqual(rows)
    })
  })
  it('slices', () => {
    property(type, (arena, make, rows, n) => {
      const start = n % (rows.length + 1)
      const end = start + ((n >>> 8) % (rows.length - start + 1))
      expect(valuesOf(arena, sliceColumn(arena, make(rows), start, end))).toEqual(rows.slice(start, end))
    })
  })
  it('takes rows in any order, -1 as null', () => {
    property(type, (arena, make, rows, n) => {
      const column = make(rows)
      const indexes = Array.from({ length: n % 50 }, (_row, i) => ((i * 7 + n) % (rows.length + 1)) - 1)
      const address = arena.allocate(indexes.length * 4)
      context.heap.i32.set(indexes, address >>> 2)
      const taken = takeColumn(context, arena, column, address, indexes.length)
      expect(valuesOf(arena, taken)).toEqual(indexes.map((i) => (i < 0 ? null : rows[i]!)))
    })
  })
  it('picks the rows of which a condition is true', () => {
    property(type, (arena, make, rows, n) => {
      const conditions = rows.map((_row, i) => [true, false, null, true][(n >>> (i % 25)) & 3]!)
      const condition = columnIn(arena, { kind: 'boolean' }, conditions, 'plain')
      const picked = selectColumn(context, arena, make(rows), selectionOfTrue(context, arena, condition))
      expect(valuesOf(arena, picked)).toEqual(rows.filter((_row, i) => conditions[i] === true))
      if (picked.nullCount >= 0) expect(picked.nullCount).toBe(valuesOf(arena, picked).filter((v) => v === null).length)
    })
  })
  it('concatenates', () => {
    property(type, (arena, make, rows, n) => {
      const cut = n % (rows.length + 1)
      const parts = [rows.slice(0, cut), rows, [], rows.slice(cut)]
      expect(valuesOf(arena, concatColumns(arena, type, parts.map(make)))).toEqual(parts.flat())
    })
  })
  it('E-01: crosses threads in a segment', () => {
    property(type, (arena, make, rows) => {
      const of = schema([
        { name: 'a', type, nullable: true },
        { name: 'b', type, nullable: true },
      ])
      const batches = [rows, [], rows.slice(1)].map((part) => recordBatch(of, part.length, [make(part), make(part)]))
      const segment = writeSegment(context.heap, of, batches)
      const rowCount = batches.reduce((sum, batch) => sum + batch.rowCount, 0)
      expect(segmentInfo(segment)).toEqual({ schema: of, rowCount, batchCount: 3 })
      const read = readSegment(arena, segment)
      expect(read.map((batch) => batchToRows(context.heap, batch))).toEqual(
        batches.map((batch) => batchToRows(context.heap, batch)),
      )
      const projected = readSegment(arena, segment, [1])
      expect(projected[0]!.schema.fields.map((f) => f.name)).toEqual(['b'])
      expect(valuesOf(arena, projected[0]!.columns[0]!)).toEqual(rows)
    })
  })
  it('makes constants and nulls', () => {
    property(type, (arena, _make, rows, n) => {
      const length = n % 20
      const value = rows[0] ?? null
      expect(valuesOf(arena, constantColumn(arena, type, value, length))).toEqual(new Array(length).fill(value))
      expect(valuesOf(arena, nullColumn(arena, type, length))).toEqual(new Array(length).fill(null))
    })
  })
})

it('selects the rows where a boolean is true, not null', () => {
  property({ kind: 'boolean' }, (arena, make, rows) => {
    const { address, count } = selectionOfTrue(context, arena, make(rows))
    const chosen = [...context.heap.i32.subarray(address >>> 2, (address >>> 2) + count)]
    expect(chosen).toEqual(rows.flatMap((value, row) => (value === true ? [row] : [])))
  })
})

describe('segments', () => {
  const of = schema([{ name: 't', type: string, nullable: false }])

  it('of slices hold only their rows', () => {
    const arena = new Arena(context.heap)
    const rows = Array.from({ length: 4096 }, (_, i) => [`text number ${i}`])
    const whole = batchFromRows(arena, of, rows)
    const one = writeSegment(context.heap, of, [whole]).byteLength
    const column = whole.columns[0]!
    const parts = Array.from({ length: 64 }, (_, i) =>
      recordBatch(of, 64, [{ ...column, length: 64, offsets: column.offsets + i * 256 }]),
    )
    const segment = writeSegment(context.heap, of, parts)
    expect(segment.byteLength).toBeLessThan(one * 1.5)
    expect(readSegment(arena, segment).flatMap((batch) => batchToRows(context.heap, batch))).toEqual(rows)
    arena.close()
  })

  it('hold and load a dictionary that batches share once', () => {
    const arena = new Arena(context.heap)
    const entry = 'x'.repeat(10_000)
    const shared = constantColumn(arena, string, entry, 3)
    const batches = [1, 2, 3].map(() => recordBatch(of, 3, [shared]))
    const segment = writeSegment(context.heap, of, batches)
    expect(segment.byteLength).toBeLessThan(13_000)
    const read = readSegment(arena, segment)
    expect(read[2]!.columns[0]!.dictionary).toBe(read[0]!.columns[0]!.dictionary)
    expect(batchToRows(context.heap, read[2]!)).toEqual([[entry], [entry], [entry]])
    arena.close()
  })

  it('find what follows a dictionary inside of a nested value that was loaded before', () => {
    const arena = new Arena(context.heap)
    const fields = ['a', 'b', 'c'].map((name) => ({ name, type: string, nullable: false }))
    const nested = schema([{ name: 's', type: { kind: 'struct', fields }, nullable: false }])
    const shared = constantColumn(arena, string, 'shared', 2)
    const own = columnIn(arena, string, ['x', 'y'], 'plain')
    const column = nestedColumn(nested.fields[0]!.type, 2, 0, [shared, shared, own])
    const [read] = readSegment(arena, writeSegment(context.heap, nested, [recordBatch(nested, 2, [column])]))
    expect(batchToRows(context.heap, read!)).toEqual(batchToRows(context.heap, recordBatch(nested, 2, [column])))
    arena.close()
  })
})

it('slices batches', () => {
  const arena = new Arena(context.heap)
  const of = schema([{ name: 'n', type: int64, nullable: true }])
  const batch = batchFromRows(arena, of, [[1n], [null], [3n], [4n]])
  expect(batchToRows(context.heap, sliceBatch(arena, batch, 1, 3))).toEqual([[null], [3n]])
  arena.close()
})
