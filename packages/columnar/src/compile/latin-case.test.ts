import { bind, col, fn, type Expr } from '@deltaworks/expression'
import { decimal, field, int32, int64, schema, string, type Value } from '@deltaworks/schema'
import { Arena } from '../arena.js'
import { createContext } from '../context.js'
import { readValue } from '../read-values.js'
import { batchFromRows } from '../values.js'
import { createEvaluator } from './evaluator.js'

const context = createContext()
const input = schema([field('text', string), field('long', int64), field('int', int32), field('money', decimal(12, 2))])

function results(expression: Expr, rows: readonly (readonly Value[])[], mode: 'compiled' | 'interpreted') {
  const arena = new Arena(context.heap)
  const evaluator = createEvaluator(context, [bind(expression.node, input)], input, { mode })
  const [column] = evaluator.project(arena, batchFromRows(arena, input, rows))
  return rows.map((_, row) => readValue(context.heap, column!, row))
}

describe('compiled like interpreted', () => {
  // Every two-character text around the letters of Latin-1, and some beyond.
  const texts: string[] = []
  for (let code = 0x20; code <= 0x180; code++) texts.push(`a${String.fromCodePoint(code)}Z`)
  const rows = texts.map((text) => [text, null, null, null])

  it.each([
    ['lower', fn.lower(col('text'))],
    ['upper', fn.upper(col('text'))],
  ])('%s of letters with and without marks', (_, expression) => {
    const compiled = results(expression, rows, 'compiled')
    expect(compiled).toEqual(results(expression, rows, 'interpreted'))
  })

  it('lower gives what JavaScript gives', () => {
    expect(results(fn.lower(col('text')), rows, 'compiled')).toEqual(texts.map((text) => text.toLowerCase()))
  })

  it('xxhash64 of texts of all lengths, integers, money and nulls', () => {
    const values: Value[][] = []
    for (let n = 0; n < 80; n++) {
      values.push([
        n % 7 === 3 ? null : 'é0123456789'.repeat(8).slice(0, n),
        BigInt(n) * -987654321987n,
        n - 40,
        n % 5 === 0 ? null : BigInt(n * 1001),
      ])
    }
    const hash = fn.xxhash64(col('text'), col('long'), col('int'), col('money'))
    const compiled = results(hash, values, 'compiled')
    expect(compiled).toEqual(results(hash, values, 'interpreted'))
    expect(new Set(compiled).size).toBe(values.length)
  })
})
