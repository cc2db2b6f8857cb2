import { boolean, int64, string, type Value } from '@deltaworks/schema'
import fc from 'fast-check'
import { Accumulators } from '../accumulators.js'
import { Arena, unlimited } from '../arena.js'
import { createContext } from '../context.js'
import { columnIn, valuesOf } from '../testing/columns.js'

/** Aggregates that look at a dictionary's entries, against the same ones over texts as they are. */

const context = createContext()
const { heap } = context
const specs = [
  { name: 'min', argTypes: [string], type: string, distinct: false },
  { name: 'max', argTypes: [string], type: string, distinct: false },
  { name: 'approx_count_distinct', argTypes: [string], type: int64, distinct: false },
]

/** Each aggregate over all rows, and over those of a filter. */
function computed(batches: readonly (readonly Row[])[], form: 'plain' | 'dictionary'): Value[] {
  const arena = new Arena(heap)
  const all = new Accumulators(context, unlimited, [...specs, ...specs])
  for (const rows of batches) {
    const texts = columnIn(
      arena,
      string,
      rows.map(([text]) => text),
      form,
    )
    const filter = columnIn(
      arena,
      boolean,
      rows.map(([, wanted]) => wanted),
      'plain',
    )
    const filters = [null, null, null, filter, filter, filter]
    const args = filters.map(() => [texts])
    all.update(0, args, filters, rows.length, 1)
  }
  const found = all.finish(arena, 1).flatMap((column) => valuesOf(arena, column))
  all.close()
  arena.close()
  return found
}

type Row = readonly [text: string | null, wanted: boolean | null]

const someTexts = fc.uniqueArray(fc.string({ maxLength: 20 }), { minLength: 1, maxLength: 12 })
const batchesOf = (texts: readonly string[]): fc.Arbitrary<Row[][]> => {
  const text = fc.option(fc.constantFrom(...texts), { nil: null, freq: 20 })
  const row = fc.tuple(text, fc.option(fc.boolean(), { nil: null, freq: 9 }))
  return fc.array(fc.array(row, { minLength: 1, maxLength: 300 }), { minLength: 1, maxLength: 4 })
}

describe('Aggregates over the entries of dictionaries', () => {
  it('E-12: least, greatest and how many are distinct are those of the rows, filtered and not', () => {
    fc.assert(
      fc.property(someTexts.chain(batchesOf), (batches) => {
        expect(computed(batches, 'dictionary')).toEqual(computed(batches, 'plain'))
      }),
      { numRuns: 200 },
    )
  })
})
