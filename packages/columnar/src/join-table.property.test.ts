import { decimal, float64, int64, list, string, type DataType, type Value } from '@deltaworks/schema'
import fc from 'fast-check'
import { Arena, unlimited } from './arena.js'
import { createContext } from './context.js'
import { JoinTable } from './join-table.js'
import { columnIn, forms, keyOf, nullable, type Form } from './testing/columns.js'

/** Joins against nested loops. */

const context = createContext()
const { heap } = context
const read = (address: number, count: number): number[] => [
  ...heap.i32.subarray(address >>> 2, (address >>> 2) + count),
]

interface Input {
  readonly build: readonly (readonly Value[][])[]
  readonly probe: readonly Value[][]
  readonly nullSafe: readonly boolean[]
  readonly form: Form
}

function check(types: readonly DataType[], { build, probe, nullSafe, form }: Input): void {
  const arena = new Arena(heap)
  const columnsOf = (rows: readonly Value[][]) =>
    types.map((type, i) =>
      columnIn(
        arena,
        type,
        rows.map((row) => row[i]!),
        form,
      ),
    )
  const buildRows = build.flat()
  const table = new JoinTable(context, unlimited, types, nullSafe, columnsOf(buildRows), buildRows.length)
  const matches = (a: readonly Value[], b: readonly Value[]): boolean =>
    a.every((value, i) => (value !== null || nullSafe[i] === true) && keyOf(value) === keyOf(b[i]!))
  const pairs = probe.flatMap((p, i) => buildRows.flatMap((b, j) => (matches(p, b) ? [[i, j]] : [])))
  // Parts of three pairs: those of a probe row stay together. Each part may go, and be written over, before the next comes.
  const parts = new Arena(context.heap, unlimited)
  const joined: number[][] = []
  for (const { probeRows, buildRows: rows, count } of table.probe(arena, columnsOf(probe), probe.length, 3, parts)) {
    const right = read(rows, count)
    joined.push(...read(probeRows, count).map((row, i) => [row, right[i]!]))
    parts.reset()
    context.heap.fill(parts.allocate(4096), 0xff, 4096)
    parts.reset()
  }
  expect(joined).toEqual(pairs)
  parts.close()
  const found = [...table.probe(arena, columnsOf(probe), probe.length, 3)]
  for (const wanted of [0, 1] as const) {
    const chosen = table.choose(arena, columnsOf(probe), probe.length, wanted)
    expect(read(chosen.address, chosen.count)).toEqual(
      probe.flatMap((_, i) => (pairs.some(([p]) => p === i) === (wanted === 1) ? [i] : [])),
    )
  }
  for (const { buildRows: rows, count } of found) table.markMatched(rows, count)
  const unmatched = table.chosenRows(arena, 0)
  expect(read(unmatched.address, unmatched.count)).toEqual(
    buildRows.flatMap((_, j) => (pairs.some(([, b]) => b === j) ? [] : [j])),
  )
  expect(table.rowCount).toBe(buildRows.length)
  table.close()
  arena.close()
}

const inputs = (types: readonly DataType[]): fc.Arbitrary<Input> => {
  const rows = fc.array(fc.tuple(...types.map(nullable)), { maxLength: 25 })
  return fc.record({
    build: fc.array(rows, { maxLength: 3 }),
    probe: rows,
    nullSafe: fc.tuple(...types.map(() => fc.boolean())),
    form: forms,
  }) as unknown as fc.Arbitrary<Input>
}

describe('JoinTable', () => {
  it.each([
    ['bigint', [int64]],
    ['string', [string]],
    ['double', [float64]],
    ['wide decimal', [decimal(38, 2)]],
    ['array', [list(string)]],
    ['two columns', [string, int64]],
    ['three columns', [int64, int64, string]],
  ] as [string, DataType[]][])('E-15: finds all pairs of equal keys: %s', (_, types) => {
    fc.assert(
      fc.property(inputs(types), (input) => check(types, input)),
      { numRuns: 100 },
    )
  })
  it('finds rows by unique keys, with and without null keys among them', () => {
    const unique = Array.from({ length: 300 }, (_, i): Value[] => [BigInt((i * 37) % 300)])
    const probe = Array.from({ length: 100 }, (_, i): Value[] => [i % 9 === 0 ? null : BigInt(i * 5)])
    for (const nullSafe of [[true], [false]]) {
      check([int64], { build: [unique], probe, nullSafe, form: 'plain' })
      check([int64], { build: [unique.slice(0, 40), [[null]], unique.slice(40)], probe, nullSafe, form: 'plain' })
    }
  })
  it('has no pairs with nothing in it, or without rows', () => {
    check([int64], { build: [], probe: [[1n], [null]], nullSafe: [false], form: 'plain' })
    check([string], { build: [[]], probe: [['a']], nullSafe: [false], form: 'plain' })
    check([string], { build: [[['a']]], probe: [], nullSafe: [false], form: 'plain' })
  })
  it('gives all its memory back', () => {
    const before = heap.usedBytes
    let used = 0
    const account = { reserve: (n: number) => void (used += n), release: (n: number) => void (used -= n) }
    const arena = new Arena(heap)
    const rows = Array.from({ length: 50_000 }, (_, i) => BigInt(i % 7000))
    const keys = [columnIn(arena, int64, rows, 'plain')]
    const table = new JoinTable(context, account, [int64], [false], keys, rows.length)
    expect(used).toBeGreaterThan(200_000)
    table.markMatched(0, 0)
    table.close()
    arena.close()
    expect(used).toBe(0)
    expect(heap.usedBytes).toBe(before)
  })
})
