import { decimal, int64, type Value } from '@deltaworks/schema'
import fc from 'fast-check'
import { Accumulators } from '../accumulators.js'
import { Arena, unlimited } from '../arena.js'
import { createContext } from '../context.js'
import { columnIn, valuesOf } from '../testing/columns.js'

/** Batches of many rows and few groups, whose sums are added up by halves of words. */

const context = createContext()
const { heap } = context
const groups = 3
const wide = decimal(38, 0)

describe('aggregates of few groups', () => {
  const signed = (bits: number) => fc.bigInt({ min: -(2n ** BigInt(bits - 1)), max: 2n ** BigInt(bits - 1) - 1n })
  const cases = [
    ['words', int64, fc.oneof(signed(64), signed(33), fc.constantFrom(2n ** 63n - 1n, -(2n ** 63n)))],
    ['two words', wide, fc.oneof(signed(120), signed(65), signed(64), signed(10))],
  ] as const

  it.each(cases)('E-12: sums, means and counts of %s are those of all rows', (_, type, value) => {
    const row = fc.record({ group: fc.nat(groups - 1), value })
    fc.assert(
      fc.property(fc.array(row, { minLength: groups * 16, maxLength: 200 }), fc.nat(2), (rows, batches) => {
        const spec = { name: 'sum', argTypes: [type], type: wide, distinct: false, input: 'v' }
        const mean = { ...spec, name: 'avg' }
        const count = { name: 'count', argTypes: [type], type: int64, distinct: false }
        const accumulators = new Accumulators(context, unlimited, [spec, mean, count])
        const arena = new Arena(heap)
        const ids = arena.allocate(rows.length * 4)
        rows.forEach(({ group }, i) => (heap.i32[(ids >>> 2) + i] = group))
        const column = columnIn(
          arena,
          type,
          rows.map((one): Value => one.value),
          'plain',
        )
        for (let batch = 0; batch <= batches; batch++) {
          accumulators.update(ids, [[column], [column], [column]], [null, null, null], rows.length, groups)
        }
        expect(accumulators.partialTypes.map(({ kind }) => kind)).toEqual(['decimal', 'int64', 'int64'])
        const [sums, means, counts] = accumulators.finish(arena, groups).map((of) => valuesOf(arena, of))
        for (let group = 0; group < groups; group++) {
          const own = rows.filter((one) => one.group === group)
          const sum = own.reduce((so, one) => so + one.value, 0n) * BigInt(batches + 1)
          const rowCount = BigInt(own.length * (batches + 1))
          expect(counts![group]).toBe(rowCount)
          expect(sums![group]).toBe(rowCount === 0n ? null : sum)
          expect(means![group]).toBe(rowCount === 0n ? null : halfUp(sum, rowCount))
        }
        accumulators.close()
        arena.close()
      }),
      { numRuns: 150 },
    )
  })
})

function halfUp(sum: bigint, count: bigint): bigint {
  const magnitude = ((sum < 0n ? -sum : sum) * 2n + count) / (count * 2n)
  return sum < 0n ? -magnitude : magnitude
}
