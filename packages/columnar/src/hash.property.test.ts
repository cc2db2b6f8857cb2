import { int32, int64, string, type DataType, type Value } from '@deltaworks/schema'
import fc from 'fast-check'
import { Accumulators } from './accumulators.js'
import { Arena, unlimited } from './arena.js'
import { createContext } from './context.js'
import { hashColumns } from './hash.js'
import { columnIn, valuesOf } from './testing/columns.js'

/** Kernels that take several values at once, against the same a value at a time: hashes of rows are kept with lakes. */

const context = createContext()
const { heap } = context

const mix = (hash: number, word: number): number => {
  let h = Math.imul(hash ^ word, 0x9e3779b1)
  h ^= h >>> 15
  h = Math.imul(h, 0x85ebca77)
  return h ^ (h >>> 13)
}

const wordOf = (type: DataType, value: Value): number => {
  if (value === null) return 0x5bd1e995
  if (type.kind === 'int32') return value as number
  const bits = BigInt.asUintN(64, value as bigint)
  return mix(Number(bits & 0xffff_ffffn) | 0, Number(bits >> 32n) | 0)
}

describe('hashes of rows', () => {
  it.each([int32, int64].map((type) => [type.kind, type] as const))(
    'columns of %s and of its kind again',
    (_, type) => {
      const value: fc.Arbitrary<Value> =
        type.kind === 'int32' ? fc.integer() : fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
      const values = fc.oneof(
        fc.array(value, { maxLength: 40 }),
        fc.array(fc.option(value, { nil: null }), { maxLength: 40 }),
      )
      fc.assert(
        fc.property(values, (rows: readonly Value[]) => {
          const arena = new Arena(heap)
          const column = columnIn(arena, type, rows, 'plain')
          const at = hashColumns(context, arena, [column, column], rows.length)
          const found = [...heap.i32.subarray(at >>> 2, (at >>> 2) + rows.length)]
          const expected = rows.map((row) => mix(mix(0x2545f491, wordOf(type, row)), wordOf(type, row)))
          arena.close()
          expect(found).toEqual(expected)
        }),
      )
    },
  )
})

describe('extremes of texts', () => {
  const text = fc.oneof(
    fc.string({ unit: fc.constantFrom('a', 'b', 'é', '\0'), maxLength: 20 }),
    fc.string({ maxLength: 4 }).map((end) => `customer ${end}`),
  )
  const inBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

  it('E-12: of all rows, in several batches', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.option(text, { nil: null }), { maxLength: 12 }), { maxLength: 4 }),
        (batches) => {
          const arena = new Arena(heap)
          const specs = ['min', 'max'].map((name) => ({ name, argTypes: [string], type: string, distinct: false }))
          const states = new Accumulators(context, unlimited, specs)
          for (const rows of batches) {
            const column = columnIn(arena, string, rows, 'plain')
            states.update(0, [[column], [column]], [null, null], rows.length, 1)
          }
          const own = batches.flat().filter((value) => value !== null)
          const sorted = own.sort(inBytes)
          const found = states.finish(arena, 1).map((column) => valuesOf(arena, column)[0])
          states.close()
          arena.close()
          expect(found).toEqual([sorted[0] ?? null, sorted.at(-1) ?? null])
        },
      ),
    )
  })
})
