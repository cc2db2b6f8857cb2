import { range, type Bounds } from '../bounds.js'
import { dqdlSyntax } from '../errors.js'
import type { TokenReader } from './token-reader.js'

/** What stands after a metric: `> 0.9`, `between 1 and 7` (the ends are outside, as Glue has it), `not in [1, 2]`. */
export function numberBounds(tokens: TokenReader): Bounds {
  const negated = tokens.accept('not')
  if (tokens.accept('between')) {
    const low = tokens.number('a number')
    tokens.expect('and')
    return range(low, tokens.number('a number'), { minInclusive: false, maxInclusive: false, negated })
  }
  if (tokens.accept('in')) {
    tokens.expect('[')
    const values = [tokens.number('a number')]
    while (tokens.accept(',')) values.push(tokens.number('a number'))
    tokens.expect(']')
    return { kind: 'set', values, negated }
  }
  if (negated) throw dqdlSyntax(tokens.position, 'expected "between" or "in" after "not"')
  return comparison(tokens)
}

function comparison(tokens: TokenReader): Bounds {
  const { position } = tokens
  const operator = tokens.take().text
  switch (operator) {
    case '=': {
      const value = tokens.number('a number')
      return range(value, value)
    }
    case '!=': {
      const value = tokens.number('a number')
      return range(value, value, { negated: true })
    }
    case '>':
      return range(tokens.number('a number'), null, { minInclusive: false })
    case '>=':
      return range(tokens.number('a number'), null)
    case '<':
      return range(null, tokens.number('a number'), { maxInclusive: false })
    case '<=':
      return range(null, tokens.number('a number'))
    default:
      throw dqdlSyntax(position, 'expected =, !=, >, >=, <, <=, between or in')
  }
}
