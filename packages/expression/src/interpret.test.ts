import { isDeltaworksError, schema, type Value } from '@deltaworks/schema'
import { bind, interpret } from './index.js'
import { expressionCases, type Failure } from './testing/expression-cases.js'

describe('the interpreter (E-04, E-05, E-08, E-10)', () => {
  for (const { name, expression, columns, rows } of expressionCases) {
    it(name, () => {
      const input = schema(columns.map(([column, type]) => ({ name: column, type, nullable: true })))
      const bound = bind(expression.node, input)
      for (const [inputs, expected] of rows) {
        const found = outcome(() => interpret(bound, inputs))
        expect({ inputs, found }).toEqual({ inputs, found: expected })
      }
    })
  }
})

function outcome(evaluate: () => Value): Value | Failure {
  try {
    return evaluate()
  } catch (error) {
    if (isDeltaworksError(error)) return { code: error.code }
    throw error
  }
}
