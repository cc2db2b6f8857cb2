import { range, type Bounds, type Range, type ValueSet } from '../bounds.js'
import { dqdlSyntax } from '../errors.js'
import { evaluateNumber, formatNumber, isDynamic } from './history-functions.js'
import type { ConditionNode, NumberNode, Operand } from './syntax.js'

/** `> 0.9`, `between 1 and 7` (the ends are outside, as Glue has it), `not in [1, 2]`, `> 0.5 * avg(last(10))`. */
export function numberBounds(condition: ConditionNode): Bounds {
  const numbers = condition.operands.map(numberOf)
  if (!numbers.some(isDynamic))
    return boundsOfValues(
      condition,
      numbers.map((node) => evaluateNumber(node, [])!),
    )
  return {
    kind: 'dynamic',
    text: formatCondition(condition, numbers.map(formatNumber)),
    resolve(history) {
      const values = numbers.map((node) => evaluateNumber(node, history))
      return values.some((value) => value === null) ? null : boundsOfValues(condition, values as number[])
    },
  }
}

function numberOf(operand: Operand): NumberNode {
  if (operand.kind !== 'number') throw dqdlSyntax(operand.position, 'expected a number')
  return operand.number
}

/** A condition on a number in other units, by the value of each operand. */
export function measuredBounds(condition: ConditionNode, valueOf: (operand: Operand) => number): Bounds {
  return boundsOfValues(condition, condition.operands.map(valueOf))
}

function boundsOfValues(condition: ConditionNode, values: readonly number[]): Range | ValueSet {
  const { operator, negated } = condition
  const [first, second] = values as [number, number]
  switch (operator) {
    case '=':
      return range(first, first)
    case '!=':
      return range(first, first, { negated: true })
    case '>':
      return range(first, null, { minInclusive: false })
    case '>=':
      return range(first, null)
    case '<':
      return range(null, first, { maxInclusive: false })
    case '<=':
      return range(null, first)
    case 'between':
      if (first > second) throw dqdlSyntax(condition.position, `nothing is between ${first} and ${second}`)
      return range(first, second, { minInclusive: false, maxInclusive: false, negated })
    case 'in':
      return { kind: 'set', values, negated }
    case 'matches':
      throw dqdlSyntax(condition.position, 'a number matches no regular expression')
  }
}

export function formatCondition({ operator, negated }: ConditionNode, operands: readonly string[]): string {
  const not = negated ? 'not ' : ''
  if (operator === 'between') return `${not}between ${operands[0]} and ${operands[1]}`
  if (operator === 'in') return `${not}in [${operands.join(', ')}]`
  return `${not}${operator} ${operands[0]}`
}
