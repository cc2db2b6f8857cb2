import { bind, interpret } from '@deltaworks/expression'
import { expressionCases, isFailure, type Failure } from '@deltaworks/expression/testing'
import { isDeltaworksError, schema, type Schema, type Value } from '@deltaworks/schema'
import { Arena } from '../arena.js'
import { createContext, type ColumnarContext } from '../context.js'
import { readValue } from '../read-values.js'
import { batchFromRows } from '../values.js'
import { createEvaluator } from './evaluator.js'

let context: ColumnarContext
beforeAll(() => {
  context = createContext()
})

describe.each(['interpreted', 'compiled'] as const)('the expression suite, %s (E-04, E-05, E-08, E-10)', (mode) => {
  for (const { name, expression, columns, rows } of expressionCases) {
    it(name, () => {
      const input = schema(columns.map(([column, type]) => ({ name: column, type, nullable: true })))
      const bound = bind(expression.node, input)
      for (const [inputs, expected] of rows) {
        expect({ inputs, found: evaluated(bound, input, [inputs], 0, mode) }).toEqual({ inputs, found: expected })
      }
      // The rows that give a value once more, in one batch of several blocks.
      const good = rows.filter(([, expected]) => !isFailure(expected))
      if (good.length === 0) return
      const many = Array.from({ length: 100 }, (_, i) => good[i % good.length]!)
      const batch = many.map(([inputs]) => inputs)
      many.forEach(([inputs], i) => {
        if (i < 40) expect(evaluated(bound, input, batch, i, mode)).toEqual(interpret(bound, inputs))
      })
    })
  }
})

function evaluated(
  bound: ReturnType<typeof bind>,
  input: Schema,
  rows: readonly (readonly Value[])[],
  row: number,
  mode: 'interpreted' | 'compiled',
): Value | Failure {
  const arena = new Arena(context.heap)
  try {
    const batch = batchFromRows(arena, input, rows)
    const [column] = createEvaluator(context, [bound], input, { mode }).project(arena, batch)
    return readValue(context.heap, column!, row)
  } catch (error) {
    if (isDeltaworksError(error)) return { code: error.code }
    throw error
  } finally {
    arena.close()
  }
}
