import { bind, col } from '@deltaworks/expression'
import { field, schema, string } from '@deltaworks/schema'
import fc from 'fast-check'
import { Arena } from '../arena.js'
import { createContext } from '../context.js'
import { readValue } from '../read-values.js'
import { batchFromRows } from '../values.js'
import { createEvaluator } from './evaluator.js'

/** LIKE, compiled, against regular expressions of JavaScript. */

const context = createContext()
const input = schema([field('text', string)])

function likes(texts: readonly string[], pattern: string): boolean[] {
  const arena = new Arena(context.heap)
  const like = bind(col('text').like(pattern).node, input)
  const evaluator = createEvaluator(context, [like], input, { mode: 'compiled' })
  const batch = batchFromRows(
    arena,
    input,
    texts.map((text) => [text]),
  )
  const [column] = evaluator.project(arena, batch)
  const found = texts.map((_, row) => readValue(context.heap, column!, row) as boolean)
  arena.close()
  return found
}

const asRegularExpression = (pattern: string): RegExp =>
  new RegExp(`^${[...pattern].map((c) => (c === '%' ? '.*' : c === '_' ? '.' : c)).join('')}$`, 'su')

describe('LIKE', () => {
  const letters = fc.constantFrom('a', 'b', 'ab', 'é', '€', '\u{1f600}', 'zzzzzzzz')
  const texts = fc.array(letters, { maxLength: 40 }).map((parts) => parts.join(''))
  const patterns = fc
    .array(fc.constantFrom('%', '_', 'a', 'b', 'ab', 'é', '\u{1f600}', 'z', '%a', '%é'), { maxLength: 6 })
    .map((parts) => parts.join(''))

  it('E-06: finds what stands behind a % in texts of all lengths', () => {
    fc.assert(
      fc.property(patterns, fc.array(texts, { minLength: 1, maxLength: 20 }), (pattern, given) => {
        const expected = asRegularExpression(pattern)
        expect(likes(given, pattern)).toEqual(given.map((text) => expected.test(text)))
      }),
      { numRuns: 400 },
    )
  })
})
