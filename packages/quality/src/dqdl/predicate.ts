import { col, expr, isScalarFunction, lit, when, type CaseBuilder, type Expr } from '@deltaworks/expression'
import { boolean, date, decimal, float64, int32, int64, string, timestamp, type DataType } from '@deltaworks/schema'
import { dqdlSyntax, type Position } from '../errors.js'
import { numberLiteral } from './number-literal.js'
import { predicateTokens, type PredicateToken } from './predicate-tokens.js'

/**
 * The condition of a `where`, in SQL: columns (`` `odd name` `` in backticks), numbers, 'texts', dates, arithmetic, comparisons,
 * `is [not] null`, `[not] in (…)`, `[not] like`, `rlike`, `[not] between … and …`, `case`, `cast(… as type)`, scalar functions by
 * name, `and`, `or`, `not` and parentheses.
 * @param at where its quote stands in the rules, for errors
 */
export function parsePredicate(source: string, at: Position): Expr {
  const parser = new PredicateParser(source, at)
  const predicate = parser.disjunction()
  parser.end()
  return predicate
}

/** A condition that stands alone. @throws QualityError DW-QUALITY-0006 */
export const parseCondition = (source: string): Expr => parsePredicate(source, { line: 1, column: 0 })

const types: Readonly<Record<string, DataType>> = {
  boolean,
  date,
  timestamp,
  string,
  int: int32,
  integer: int32,
  bigint: int64,
  long: int64,
  double: float64,
  float: float64,
}

class PredicateParser {
  readonly #tokens: readonly PredicateToken[]
  readonly #source: string
  readonly #at: Position
  #next = 0

  constructor(source: string, at: Position) {
    this.#source = source
    this.#at = at
    const tokens = predicateTokens(source)
    if ('unreadable' in tokens)
      this.#fail(`"${source.slice(tokens.unreadable).trim()}" is not expected`, tokens.unreadable)
    this.#tokens = tokens as readonly PredicateToken[]
  }

  disjunction(): Expr {
    let left = this.#conjunction()
    while (this.#accept('or')) left = left.or(this.#conjunction())
    return left
  }
  end(): void {
    if (this.#token.kind !== 'end') this.#fail(`"${this.#token.text}" is not expected`)
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
    const left = this.#sum()
    if (this.#accept('is')) {
      const negated = this.#accept('not')
      const test = this.#accept('true')
        ? left.eq(lit(true))
        : this.#accept('false')
          ? left.eq(lit(false))
          : this.#isNull(left)
      return negated ? test.not() : test
    }
    const negated = this.#accept('not')
    const test = this.#test(left)
    if (negated && test === left) this.#fail('expected "in", "like", "rlike" or "between" after "not"')
    return negated ? test.not() : test
  }
  #isNull(value: Expr): Expr {
    this.#expect('null')
    return value.isNull()
  }

  #test(left: Expr): Expr {
    if (this.#accept('in')) {
      this.#expect('(')
      const values = [this.#sum()]
      while (this.#accept(',')) values.push(this.#sum())
      this.#expect(')')
      return left.in_(values)
    }
    if (this.#accept('like')) return left.like(this.#sum())
    if (this.#accept('ilike')) return left.ilike(this.#sum())
    if (this.#accept('rlike')) return left.rlike(this.#sum())
    if (this.#accept('between')) {
      const low = this.#sum()
      this.#expect('and')
      return left.between(low, this.#sum())
    }
    if (this.#accept('=') || this.#accept('==')) return left.eq(this.#sum())
    if (this.#accept('<=>')) return left.isNotDistinctFrom(this.#sum())
    if (this.#accept('!=') || this.#accept('<>')) return left.ne(this.#sum())
    if (this.#accept('>=')) return left.ge(this.#sum())
    if (this.#accept('<=')) return left.le(this.#sum())
    if (this.#accept('>')) return left.gt(this.#sum())
    if (this.#accept('<')) return left.lt(this.#sum())
    return left
  }

  #sum(): Expr {
    let left = this.#product()
    for (;;) {
      if (this.#accept('+')) left = left.add(this.#product())
      else if (this.#accept('-')) left = left.sub(this.#product())
      else if (this.#accept('||')) left = left.concat(this.#product())
      else return left
    }
  }
  #product(): Expr {
    let left = this.#operand()
    for (;;) {
      if (this.#accept('*')) left = left.mul(this.#operand())
      else if (this.#accept('/')) left = left.div(this.#operand())
      else if (this.#accept('%')) left = left.mod(this.#operand())
      else return left
    }
  }

  #operand(): Expr {
    if (this.#accept('(')) {
      const inner = this.disjunction()
      this.#expect(')')
      return inner
    }
    if (this.#accept('-')) {
      const { kind, text } = this.#token
      if (kind !== 'number') return this.#operand().neg()
      this.#next++
      return numberLiteral(`-${text}`)
    }
    const { kind, text } = this.#token
    switch (kind) {
      case 'number':
        this.#next++
        return numberLiteral(text.startsWith('.') ? `0${text}` : text)
      case 'text':
        this.#next++
        return lit(text)
      case 'quoted':
        this.#next++
        return col(text)
      case 'word':
        return this.#word(text)
      case 'end':
        return this.#fail('it ends too early')
      case 'symbol':
        return this.#fail(`"${text}" is not expected`)
    }
  }

  #word(text: string): Expr {
    const name = text.toLowerCase()
    this.#next++
    if (name === 'true' || name === 'false') return lit(name === 'true')
    if (name === 'null') return lit(null)
    if ((name === 'date' || name === 'timestamp') && this.#token.kind === 'text')
      return lit(this.#tokens[this.#next++]!.text).cast(types[name]!)
    if (name === 'case') return this.#cases()
    if (!this.#accept('(')) return this.#column(text)
    if (name === 'cast') return this.#cast()
    if (!isScalarFunction(name)) this.#fail(`there is no function "${text}"`, this.#tokens[this.#next - 2]!.offset)
    const args: Expr[] = []
    while (!this.#accept(')')) {
      if (args.length > 0) this.#expect(',')
      args.push(this.disjunction())
    }
    return expr({ kind: 'call', name, args: args.map((arg) => arg.node) })
  }

  /** A qualifier says nothing: there is one table. */
  #column(first: string): Expr {
    let name = first
    while (this.#accept('.')) {
      const { kind, text } = this.#token
      if (kind !== 'word' && kind !== 'quoted') this.#fail('expected a column after the point')
      this.#next++
      name = text
    }
    return col(name)
  }

  #cast(): Expr {
    const input = this.disjunction()
    this.#expect('as')
    const { text, kind } = this.#token
    const name = text.toLowerCase()
    if (kind !== 'word' || (name !== 'decimal' && !Object.hasOwn(types, name))) this.#fail(`"${text}" is not a type`)
    this.#next++
    const type = name === 'decimal' ? this.#decimal() : types[name]!
    this.#expect(')')
    return input.cast(type)
  }
  #decimal(): DataType {
    if (!this.#accept('(')) return decimal(10, 0)
    const precision = this.#integer()
    const scale = this.#accept(',') ? this.#integer() : 0
    this.#expect(')')
    return decimal(precision, scale)
  }
  #integer(): number {
    const { kind, text } = this.#token
    if (kind !== 'number') this.#fail(`expected a number, found "${text}"`)
    this.#next++
    return Number(text)
  }

  #cases(): Expr {
    let cases: CaseBuilder | null = null
    while (this.#accept('when')) {
      const condition = this.disjunction()
      this.#expect('then')
      const then = this.disjunction()
      cases = cases === null ? when(condition, then) : cases.when(condition, then)
    }
    if (cases === null) return this.#fail('expected "when" after "case"')
    const result = this.#accept('else') ? cases.otherwise(this.disjunction()) : cases
    this.#expect('end')
    return result
  }

  get #token(): PredicateToken {
    return this.#tokens[this.#next]!
  }
  #accept(text: string): boolean {
    const token = this.#token
    if ((token.kind !== 'word' && token.kind !== 'symbol') || token.text.toLowerCase() !== text) return false
    this.#next++
    return true
  }
  #expect(text: string): void {
    if (!this.#accept(text)) this.#fail(`expected "${text}", found "${this.#token.text || 'the end'}"`)
  }
  #fail(problem: string, offset = this.#token.offset): never {
    const { line, column } = this.#at
    const position = { line, column: column + 1 + offset }
    throw dqdlSyntax(position, `the condition "${this.#source}" cannot be read: ${problem}`)
  }
}
