import { describe, expect, it } from '@jest/globals'
import { decimal, float64, int16, int32, int64, string, type DataType, type Value } from '@deltaworks/schema'
import { Arena } from './arena.js'
import { createContext } from './context.js'
import { hashColumns } from './hash.js'
import { columnIn } from './testing/columns.js'

const context = createContext()

describe('hashes of rows', () => {
  const cases: readonly (readonly [DataType, readonly Value[]])[] = [
    [int16, [1, -2, 3, 4, 5, 6, 7]],
    [int32, [1, -2, 2_000_000_000, 0, 5, 6, 7]],
    [int64, [1n, -2n, 1n << 40n, 0n, 5n, -(1n << 62n), 7n]],
    [decimal(30, 2), [1n, -2n, 1n << 70n, 0n, 5n, 6n, 7n]],
    [float64, [1, -2.5, 3, 0, 5, 6, 7]],
    [string, ['', 'a', 'bc', 'd'.repeat(40), 'e', 'f', 'g']],
  ]
  it.each(cases)('are those of the values, with or without nulls beside them: %j', (type, values) => {
    const arena = new Arena(context.heap)
    const hashed = (rows: readonly Value[]): number[] => {
      const columns = [columnIn(arena, type, rows, 'plain'), columnIn(arena, type, rows, 'dictionary')]
      const address = hashColumns(context, arena, columns, rows.length)
      return [...context.heap.u32.subarray(address >>> 2, (address >>> 2) + rows.length)]
    }
    expect(hashed([...values, null]).slice(0, values.length)).toEqual(hashed(values))
    expect(new Set(hashed(values)).size).toBeGreaterThan(values.length / 2)
    arena.close()
  })
})
