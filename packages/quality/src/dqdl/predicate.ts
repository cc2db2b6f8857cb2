import { col, lit, type Expr } from '@deltaworks/expression'
import { dqdlSyntax, type Position } from '../errors.js'
import { numberLiteral } from './value-rules.js'

/**
 * The condition of a `where`: columns, numbers, 'texts', comparisons, `is [not] null`, `[not] in (…)`, `[not] like`,
 * `[not] between … and …`, `and`, `or`, `not` and parentheses.
 * @param at where it stands in the rules, for errors
 */
export function parsePredicate(source: string, at: Position): Expr {
  const parser = new PredicateParser(source, at)
  const predicate = parser.disjunction()
  parser.end()
  return predicate
}

const pattern = /\s*(?:([A-Za-z_][\w$]*|`[^`]+`)|('(?:[^']|'')*')|(-?\d+(?:\.\d+)?)|(<>|!=|>=|<=|[=<>(),]))/y

class PredicateParser {
  readonly #tokens: string[] = []
  readonly #source: string
  readonly #at: Position
  #next = 0

  constructor(source: string, at: Position) {
    this.#source = source
    this.#at = at
    let offset = 0
    while (source.slice(offset).trim() !== '') {
      pattern.lastIndex = offset
      const match = pattern.exec(source)
      if (match === null) this.#fail(`"${source.slice(offset).trim()}" is not expected`)
      this.#tokens.push(match![0].trim())
      offset = pattern.lastIndex
    }
  }

  disjunction(): Expr {
    let left = this.#conjunction()
    while (this.#accept('or')) left = left.or(this.#conjunction())
    return left
  }
  end(): void {
    if (this.#next < this.#tokens.length) this.#fail(`"${this.#tokens[this.#next]!}" is not expected`)
  }

  #conjunction(): Expr {
    let left = this.#negation()
    while (this.#accept('and')) left = left.and(this.#negation())
    return left
  }
  #negation(): Expr {
    return this.#accept('not') ? this.#negation().not() : this.#comparison()
  }

  #comparison(): Expr {
    if (this.#accept('(')) {
      const inner = this.disjunction()
      this.#expect(')')
      return inner
    }
    const left = this.#operand()
    if (this.#accept('is')) {
      const negated = this.#accept('not')
      this.#expect('null')
      return negated ? left.isNotNull() : left.isNull()
    }
    const negated = this.#accept('not')
    const test = this.#test(left)
    return negated ? test.not() : test
  }

  #test(left: Expr): Expr {
    if (this.#accept('in')) {
      this.#expect('(')
      const values = [this.#operand()]
      while (this.#accept(',')) values.push(this.#operand())
      this.#expect(')')
      return left.in_(values)
    }
    if (this.#accept('like')) return left.like(this.#operand())
    if (this.#accept('between')) {
      const low = this.#operand()
      this.#expect('and')
      return left.between(low, this.#operand())
    }
    if (this.#accept('=')) return left.eq(this.#operand())
    if (this.#accept('!=') || this.#accept('<>')) return left.ne(this.#operand())
    if (this.#accept('>=')) return left.ge(this.#operand())
    if (this.#accept('<=')) return left.le(this.#operand())
    if (this.#accept('>')) return left.gt(this.#operand())
    if (this.#accept('<')) return left.lt(this.#operand())
    return left
  }

  #operand(): Expr {
    const token = this.#tokens[this.#next++]
    if (token === undefined) this.#fail('it ends too early')
    const text = token!
    if (text.startsWith("'")) return lit(text.slice(1, -1).replaceAll("''", "'"))
    if (text.startsWith('`')) return col(text.slice(1, -1))
    if (/^-?\d/.test(text)) return numberLiteral(text)
    if (/^(true|false)$/i.test(text)) return lit(text.toLowerCase() === 'true')
    if (!/^[A-Za-z_]/.test(text)) this.#fail(`"${text}" is not expected`)
    return col(text)
  }

  #accept(text: string): boolean {
    if (this.#tokens[this.#next]?.toLowerCase() !== text) return false
    this.#next++
    return true
  }
  #expect(text: string): void {
    if (!this.#accept(text)) this.#fail(`expected "${text}", found "${this.#tokens[this.#next] ?? 'the end'}"`)
  }
  #fail(problem: string): never {
    throw dqdlSyntax(this.#at, `the condition "${this.#source}" cannot be read: ${problem}`)
  }
}
