import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { int64, type Value } from '@deltaworks/schema'
import { Arena, unlimited } from '../arena.js'
import { createContext } from '../context.js'
import { GroupTable } from '../group-table.js'
import { columnFromValues } from '../values.js'

const context = createContext()

const missing = -1

/** So many keys that the table is worth being replaced by ranks, in an order of their own, and some of them null. */
function keysOf(count: number, stride: number, least: bigint, withNull: boolean): Value[] {
  const keys: Value[] = Array.from({ length: count }, (_, i) => least + BigInt(((i * 7919) % count) * stride))
  if (withNull) keys.splice(count >> 1, 0, null)
  return keys
}

describe('E-15: keys of a finished table', () => {
  const cases = fc.record({
    count: fc.constantFrom(20_000, 30_011),
    stride: fc.constantFrom(1, 3, 40, 1_000_000_007),
    least: fc.constantFrom(-70_000n, 0n, 12_345_678_901n, -(2n ** 63n), 2n ** 63n - 1n - 30_011n * 1_000_000_007n),
    withNull: fc.boolean(),
    nullsMatch: fc.boolean(),
  })

  it('are found as they were before, and chosen by whether they are there', () => {
    fc.assert(
      fc.property(cases, ({ count, stride, least, withNull, nullsMatch }) => {
        const keys = keysOf(count, stride, least, withNull)
        const arena = new Arena(context.heap)
        const table = new GroupTable(context, unlimited, [int64], [nullsMatch])
        const ids = arena.allocate(keys.length * 4)
        table.insert([columnFromValues(arena, int64, keys)], keys.length, ids)
        const groups = new Map(keys.map((key, i) => [key, context.heap.i32[(ids >>> 2) + i]!]))
        table.finish()
        const last = keys[count - 1] as bigint
        const others = [least - 1n, least + 1n, last + 1n, 0n, null, 2n ** 63n - 1n, -(2n ** 63n)] as Value[]
        const asked = [...keys.slice(0, 3000), ...others].map((key) =>
          key === null ? null : BigInt.asIntN(64, key as bigint),
        )
        const found = arena.allocate(asked.length * 4)
        const column = columnFromValues(arena, int64, asked)
        table.lookup([column], asked.length, found)
        const expected = asked.map((key) => (key === null && !nullsMatch ? missing : (groups.get(key) ?? missing)))
        expect([...context.heap.i32.subarray(found >>> 2, (found >>> 2) + asked.length)]).toEqual(expected)
        for (const wanted of [0, 1] as const) {
          const chosen = table.choose([column], asked.length, wanted, arena.allocate((asked.length + 1) * 4))
          if (chosen === null) continue
          const start = chosen.address >>> 2
          expect([...context.heap.i32.subarray(start, start + chosen.count)]).toEqual(
            expected.flatMap((group, i) => ((group >= 0 ? 1 : 0) === wanted ? [i] : [])),
          )
        }
        table.close()
        arena.close()
      }),
      { numRuns: 40 },
    )
  })

  it.each([
    ['hardly any', 300],
    ['most', 2],
  ])('in a hash table are found where %s of the words are there, time after time', (_, oneOf) => {
    const arena = new Arena(context.heap)
    const table = new GroupTable(context, unlimited, [int64], [false])
    const keys = Array.from({ length: 5000 }, (__, i) => BigInt(i) * 1_000_000_007n)
    table.insert([columnFromValues(arena, int64, keys)], keys.length, arena.allocate(keys.length * 4))
    table.finish()
    for (let round = 0; round < 3; round++) {
      const isThere = (i: number): boolean => (oneOf === 2 ? i % 5 !== 0 : i % oneOf === 0)
      const asked = Array.from({ length: 4500 }, (__, i) => {
        if (i % 71 === 70) return null
        return isThere(i) ? keys[(i * 7 + round) % 5000]! : BigInt(i * 13 + round + 1)
      })
      const column = columnFromValues(arena, int64, asked)
      const found = arena.allocate(asked.length * 4)
      table.lookup([column], asked.length, found)
      const expected = asked.map((key, i) => (key !== null && isThere(i) ? (i * 7 + round) % 5000 : missing))
      expect([...context.heap.i32.subarray(found >>> 2, (found >>> 2) + asked.length)]).toEqual(expected)
      const chosen = table.choose([column], asked.length, 1, arena.allocate((asked.length + 1) * 4))
      if (oneOf === 2) expect(chosen).toBeNull()
      else {
        const start = chosen!.address >>> 2
        expect([...context.heap.i32.subarray(start, start + chosen!.count)]).toEqual(
          expected.flatMap((group, i) => (group >= 0 ? [i] : [])),
        )
      }
    }
    table.close()
    arena.close()
  })

  it('with a small range are chosen without looking their groups up', () => {
    const arena = new Arena(context.heap)
    const table = new GroupTable(context, unlimited, [int64], [false])
    const keys = keysOf(50_000, 40, 0n, false)
    table.insert([columnFromValues(arena, int64, keys)], keys.length, arena.allocate(keys.length * 4))
    const asked = columnFromValues(arena, int64, [40n, 41n, null, 80n])
    expect(table.choose([asked], 4, 1, arena.allocate(20))).toBeNull()
    table.finish()
    expect(table.choose([asked], 4, 1, arena.allocate(20))?.count).toBe(2)
    table.close()
    arena.close()
  })
})
