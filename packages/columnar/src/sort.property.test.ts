import { comparatorOf } from '@deltaworks/expression'
import { decimal, float64, int32, int64, isNested, string, type DataType, type Value } from '@deltaworks/schema'
import fc from 'fast-check'
import { Arena } from './arena.js'
import { createContext } from './context.js'
import { keyComparator, sortIndexes } from './sort.js'
import { columnIn, flatTypes, forms, nestedTypes, nullable, type Form } from './testing/columns.js'

/** Orders against `Array.prototype.sort` with the interpreter's comparison. */

const context = createContext()
const { heap } = context

interface Key {
  readonly type: DataType
  readonly descending: boolean
  readonly nullsFirst: boolean
  readonly form: Form
}

function expected(keys: readonly Key[], rows: readonly (readonly Value[])[]): number[] {
  const order = rows.map((_, i) => i)
  return order.sort((i, j) => {
    for (const [k, { type, descending, nullsFirst }] of keys.entries()) {
      const [a, b] = [rows[i]![k]!, rows[j]![k]!]
      if (a === null && b === null) continue
      if (a === null || b === null) return (a === null) === nullsFirst ? -1 : 1
      const result = comparatorOf(type)(a, b)
      if (result !== 0) return descending ? -result : result
    }
    return i - j
  })
}

function check(keys: readonly Key[], rows: readonly (readonly Value[])[], fetch: number | null = null): void {
  const arena = new Arena(heap)
  const before = heap.usedBytes
  const columns = keys.map(({ type, descending, nullsFirst, form }, k) => ({
    column: columnIn(
      arena,
      type,
      rows.map((row) => row[k]!),
      form,
    ),
    descending,
    nullsFirst,
  }))
  const count = Math.min(rows.length, fetch ?? rows.length)
  const address = sortIndexes(context, arena, columns, rows.length, fetch)
  const order = [...heap.i32.subarray(address >>> 2, (address >>> 2) + count)]
  const whole = expected(keys, rows)
  expect(order).toEqual(whole.slice(0, count))
  for (let i = 1; i < Math.min(20, rows.length); i++) {
    for (const { column, descending, nullsFirst } of columns.slice(0, 1)) {
      const compare = keyComparator(heap, column, column, descending, nullsFirst)
      expect(compare(whole[i - 1]!, whole[i]!)).toBeLessThanOrEqual(0)
    }
  }
  arena.close()
  expect(heap.usedBytes).toBeLessThanOrEqual(before)
}

const keyOfType = (type: DataType): fc.Arbitrary<Key> =>
  fc.record({ type: fc.constant(type), descending: fc.boolean(), nullsFirst: fc.boolean(), form: forms })

const property = (types: readonly DataType[], maxLength = 80): void =>
  fc.assert(
    fc.property(
      fc.tuple(...types.map(keyOfType)),
      fc.array(fc.tuple(...types.map(nullable)), { maxLength }),
      fc.option(fc.nat(20)),
      (keys, rows, fetch) => check(keys, rows as Value[][], fetch),
    ),
    { numRuns: 80 },
  )

const ascending = (type: DataType, form: Form = 'plain'): Key => ({ type, descending: false, nullsFirst: true, form })

describe('sortIndexes', () => {
  it.each(
    [...flatTypes, ...nestedTypes.filter((type) => type.kind !== 'map')].map((type) => [type.kind, type] as const),
  )('E-19: orders %s, stable, both directions, nulls first or last', (_, type) =>
    property([type], isNested(type) ? 30 : 80),
  )
  it('orders by several keys', () => {
    property([string, int64])
    property([int32, string, float64])
    property([decimal(38, 6), decimal(9, 2), string])
  })
  it('orders long texts that are alike for long, and differ in zeros at their ends', () => {
    const alike = Array.from({ length: 2000 }, (_, i): Value[] => [
      `${'shared beginning '.repeat(i % 3)}${(i * 7919) % 500}${'\0'.repeat(i % 4)}`,
    ])
    check([ascending(string)], alike)
    check([{ ...ascending(string), descending: true }], alike)
    const deep = Array.from({ length: 1500 }, (_, i): Value[] => ['ab'.repeat(4 * (i % 120)) + (i % 2)])
    check([ascending(string, 'dictionary')], deep)
    check([ascending(string)], deep)
  })
  it('orders many texts that differ in zeros at their ends alone', () => {
    const zeros = Array.from({ length: 300 }, (_, i): Value[] => [`equal so far${'\0'.repeat((i * 7) % 20)}`])
    check([ascending(string)], zeros)
    check([{ ...ascending(string), descending: true }], zeros)
  })
  it('E-19: gives the first rows of many, ties and nulls included', () => {
    const rows = Array.from({ length: 5000 }, (_, i): Value[] => [
      i % 50 === 0 ? null : BigInt((i * 7919) % 300),
      `text ${(i * 31) % 1000}`,
    ])
    for (const descending of [false, true]) {
      for (const nullsFirst of [false, true]) {
        for (const fetch of [0, 1, 10, 99, 100, 101, 600, 5000, 9000]) {
          check([{ type: int64, descending, nullsFirst, form: 'plain' }, ascending(string)], rows, fetch)
          check(
            [{ type: string, descending, nullsFirst, form: 'dictionary' }],
            rows.map((row) => [row[1]!]),
            fetch,
          )
        }
      }
    }
  })
  it('without keys, keeps the rows as they are', () => {
    check([], [[], [], []])
  })
})
