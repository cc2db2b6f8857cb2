import {
  isAggregateFunction,
  isScalarFunction,
  isWindowFunction,
  type AggregateCall,
  type Call,
  type Expression,
  type SortKey,
  type WindowCall,
  type WindowFrame,
} from '@deltaworks/expression'
import { functionRegistry, aggregateRegistry, windowRegistry } from '@deltaworks/expression'
import { boolean, int32, nearest, string } from '@deltaworks/schema'
import type { A_Expr, FuncCall, SortBy, SubLink, TypeCast, WindowDef } from 'libpg-query'
import { sqlInvalid, sqlUnsupported } from '../errors.js'
import { addInterval, parseInterval, type Interval } from './interval.js'
import { literalOf } from './literal.js'
import { binaryOperators, functionNames } from './operators.js'
import type { SqlText } from './sql-text.js'
import { kindOf, locationOf, namesOf, type Node } from './syntax-tree.js'
import { dataTypeOf } from './type-name.js'

/** What the place of an expression knows. */
export interface ConversionContext {
  readonly text: SqlText
  /** A column by its parts (`t`, `a`). */
  column(names: readonly string[]): Expression
  /** A subquery: kept, and referred to by its number. Null where none may stand. */
  readonly subquery: ((link: SubLink) => Expression) | null
  /** The WINDOW clause. */
  readonly windows: ReadonlyMap<string, WindowDef>
}

const call = (name: string, ...args: readonly Expression[]): Call => ({ kind: 'call', name, args })
const text = (value: string): Expression => ({ kind: 'literal', value, type: string })
const not = (of: Expression): Expression => call('not', of)

/** The parser's tree of a scalar expression as ours. Columns are resolved, types are not known yet. */
export class ExpressionConverter {
  readonly #context: ConversionContext

  constructor(context: ConversionContext) {
    this.#context = context
  }

  convert(node: Node): Expression {
    if ('A_Const' in node) return literalOf(node.A_Const, this.#context.text)
    if ('ColumnRef' in node) return this.#column(node)
    if ('A_Expr' in node) return this.#operator(node.A_Expr)
    if ('BoolExpr' in node) {
      const args = (node.BoolExpr.args ?? []).map((arg) => this.convert(arg))
      return node.BoolExpr.boolop === 'NOT_EXPR'
        ? not(args[0]!)
        : call(node.BoolExpr.boolop === 'OR_EXPR' ? 'or' : 'and', ...args)
    }
    if ('NullTest' in node) {
      const { arg, nulltesttype } = node.NullTest
      return call(nulltesttype === 'IS_NULL' ? 'is_null' : 'is_not_null', this.convert(arg!))
    }
    if ('BooleanTest' in node)
      return this.#booleanTest(this.convert(node.BooleanTest.arg!), node.BooleanTest.booltesttype!)
    if ('TypeCast' in node) return this.#cast(node.TypeCast)
    if ('CaseExpr' in node) {
      const { arg, args = [], defresult } = node.CaseExpr
      const subject = arg === undefined ? null : this.convert(arg)
      const branches = args.map((branch) => {
        if (!('CaseWhen' in branch)) throw this.#unsupported(branch)
        const when = this.convert(branch.CaseWhen.expr!)
        return {
          when: subject === null ? when : call('eq', subject, when),
          then: this.convert(branch.CaseWhen.result!),
        }
      })
      return { kind: 'case', branches, otherwise: defresult === undefined ? null : this.convert(defresult) }
    }
    if ('CoalesceExpr' in node) return call('coalesce', ...this.#all(node.CoalesceExpr.args))
    if ('MinMaxExpr' in node) {
      return call(node.MinMaxExpr.op === 'IS_LEAST' ? 'least' : 'greatest', ...this.#all(node.MinMaxExpr.args))
    }
    if ('FuncCall' in node) return this.#function(node.FuncCall)
    if ('SubLink' in node) {
      if (this.#context.subquery === null) throw this.#unsupported(node, 'A subquery here')
      return this.#context.subquery(node.SubLink)
    }
    if ('SQLValueFunction' in node) {
      const { op = '' } = node.SQLValueFunction
      if (op === 'SVFOP_CURRENT_DATE') return call('current_date')
      if (op.startsWith('SVFOP_CURRENT_TIMESTAMP') || op.startsWith('SVFOP_LOCALTIMESTAMP'))
        return call('current_timestamp')
      throw this.#unsupported(node, op.replace('SVFOP_', '').toLowerCase())
    }
    if ('A_ArrayExpr' in node) return call(this.#known('array'), ...this.#all(node.A_ArrayExpr.elements))
    if ('A_Indirection' in node) return this.#indirection(node)
    if ('CollateClause' in node) throw this.#unsupported(node, 'COLLATE')
    if ('ParamRef' in node) throw this.#unsupported(node, 'A parameter ($1)')
    if ('GroupingFunc' in node) throw this.#unsupported(node, 'grouping()')
    if ('RowExpr' in node) throw this.#unsupported(node, 'A row value')
    throw this.#unsupported(node)
  }

  sortKey({ node, sortby_dir, sortby_nulls }: SortBy): SortKey {
    return { expression: this.convert(node!), ...sortDirection(sortby_dir, sortby_nulls) }
  }

  #all(nodes: readonly Node[] | undefined): Expression[] {
    return (nodes ?? []).map((node) => this.convert(node))
  }

  #unsupported(node: Node, what?: string): Error {
    const name = what ?? `The expression ${kindOf(node)}`
    return sqlUnsupported(name, this.#context.text.position(locationOf(node)))
  }

  #column(node: Node & { ColumnRef: object }): Expression {
    const { fields = [], location } = (node as Extract<Node, { ColumnRef: unknown }>).ColumnRef
    if (fields.some((f) => 'A_Star' in f)) throw this.#unsupported(node, '* in an expression')
    return this.#context.text.locate(location ?? 0, () => this.#context.column(namesOf(fields)))
  }

  #operator(e: A_Expr): Expression {
    const { kind } = e
    const name = namesOf(e.name).at(-1) ?? ''
    switch (kind) {
      case 'AEXPR_OP':
        return this.#plainOperator(e, name)
      case 'AEXPR_DISTINCT':
        return not(call('is_not_distinct_from', this.convert(e.lexpr!), this.convert(e.rexpr!)))
      case 'AEXPR_NOT_DISTINCT':
        return call('is_not_distinct_from', this.convert(e.lexpr!), this.convert(e.rexpr!))
      case 'AEXPR_NULLIF':
        return call('nullif', this.convert(e.lexpr!), this.convert(e.rexpr!))
      case 'AEXPR_IN': {
        const isIn = call('in', this.convert(e.lexpr!), ...this.#list(e.rexpr!))
        return name === '<>' ? not(isIn) : isIn
      }
      case 'AEXPR_LIKE':
      case 'AEXPR_ILIKE':
        return this.#like(e, kind === 'AEXPR_LIKE' ? 'like' : 'ilike', name.startsWith('!'))
      case 'AEXPR_SIMILAR':
        return this.#similar(e, name.startsWith('!'))
      case 'AEXPR_BETWEEN':
      case 'AEXPR_NOT_BETWEEN': {
        const [low, high] = this.#list(e.rexpr!)
        const between = call('between', this.convert(e.lexpr!), low!, high!)
        return kind === 'AEXPR_BETWEEN' ? between : not(between)
      }
      case 'AEXPR_OP_ANY':
      case 'AEXPR_OP_ALL':
        if (name === '=' && kind === 'AEXPR_OP_ANY' && 'A_ArrayExpr' in e.rexpr!) {
          return call('in', this.convert(e.lexpr!), ...this.#all(e.rexpr.A_ArrayExpr.elements))
        }
        throw this.#unsupported({ A_Expr: e }, `${name} ${kind === 'AEXPR_OP_ANY' ? 'ANY' : 'ALL'} (array)`)
      default:
        throw this.#unsupported({ A_Expr: e })
    }
  }

  #list(node: Node): Expression[] {
    return 'List' in node ? this.#all(node.List.items) : [this.convert(node)]
  }

  #plainOperator(e: A_Expr, name: string): Expression {
    if (e.lexpr === undefined) {
      const operand = this.convert(e.rexpr!)
      if (name === '+') return operand
      if (name === '-') return call('negate', operand)
      throw this.#unsupported({ A_Expr: e }, `The operator ${name}`)
    }
    const withInterval = this.#intervalArithmetic(e, name)
    if (withInterval !== null) return withInterval
    const target = binaryOperators[name]
    if (target === undefined) {
      const [operator, negated] = name === '~*' ? ['rlike', false] : name === '!~*' ? ['rlike', true] : [null, false]
      if (operator === null) throw this.#unsupported({ A_Expr: e }, `The operator ${name}`)
      const caseless = call('concat', text('(?i)'), this.convert(e.rexpr!))
      const matches = call(operator as string, this.convert(e.lexpr), caseless)
      return negated ? not(matches) : matches
    }
    const [left, right] = [this.convert(e.lexpr), this.convert(e.rexpr!)]
    return target.startsWith('!') ? not(call(target.slice(1), left, right)) : call(target, left, right)
  }

  /** date ± interval literal; null if neither side is one. */
  #intervalArithmetic(e: A_Expr, name: string): Expression | null {
    const [left, right] = [this.#interval(e.lexpr!), this.#interval(e.rexpr!)]
    if (left === null && right === null) return null
    if (right !== null && left === null && (name === '+' || name === '-')) {
      return addInterval(this.convert(e.lexpr!), right, name === '+' ? 1 : -1)
    }
    if (left !== null && right === null && name === '+') return addInterval(this.convert(e.rexpr!), left, 1)
    throw this.#unsupported({ A_Expr: e }, 'Arithmetic of intervals alone')
  }

  #interval(node: Node): Interval | null {
    if (!('TypeCast' in node)) return null
    const { arg, typeName } = node.TypeCast
    if (namesOf(typeName?.names).at(-1) !== 'interval') return null
    if (arg === undefined || !('A_Const' in arg) || !('sval' in arg.A_Const)) {
      throw this.#unsupported(node, 'An interval that is no literal')
    }
    const mask = typeName?.typmods?.[0]
    const bits = mask !== undefined && 'A_Const' in mask ? (mask.A_Const.ival?.ival ?? null) : null
    const source = arg.A_Const.sval?.sval ?? ''
    const parsed = parseInterval(source, bits)
    if (parsed === null) throw sqlInvalid(`'${source}' is no interval`, this.#context.text.position(locationOf(node)))
    return parsed
  }

  #like(e: A_Expr, name: string, negated: boolean): Expression {
    const pattern = e.rexpr!
    const args = [this.convert(e.lexpr!), ...this.#patternOf(pattern, 'like_escape')]
    const matches = call(name, ...args)
    return negated ? not(matches) : matches
  }

  /** The pattern, and the escape character if there is an ESCAPE. */
  #patternOf(node: Node, wrapper: string): Expression[] {
    if ('FuncCall' in node && namesOf(node.FuncCall.funcname).at(-1) === wrapper) return this.#all(node.FuncCall.args)
    return [this.convert(node)]
  }

  #similar(e: A_Expr, negated: boolean): Expression {
    const [pattern, escape] = this.#patternOf(e.rexpr!, 'similar_to_escape')
    if (pattern?.kind !== 'literal' || typeof pattern.value !== 'string' || escape !== undefined) {
      throw this.#unsupported({ A_Expr: e }, 'SIMILAR TO with a pattern that is no literal, or with ESCAPE')
    }
    const body = pattern.value.replace(/\\.|[%_.^$]/g, (symbol) =>
      symbol === '%' ? '.*' : symbol === '_' ? '.' : symbol.length > 1 ? symbol : `\\${symbol}`,
    )
    const matches = call('rlike', this.convert(e.lexpr!), text(`^(?:${body})$`))
    return negated ? not(matches) : matches
  }

  #booleanTest(arg: Expression, test: string): Expression {
    const isValue = (value: boolean): Expression =>
      call('is_not_distinct_from', arg, { kind: 'literal', value, type: boolean })
    switch (test) {
      case 'IS_TRUE':
        return isValue(true)
      case 'IS_NOT_TRUE':
        return not(isValue(true))
      case 'IS_FALSE':
        return isValue(false)
      case 'IS_NOT_FALSE':
        return not(isValue(false))
      case 'IS_UNKNOWN':
        return call('is_null', arg)
      default:
        return call('is_not_null', arg)
    }
  }

  #cast({ arg, typeName }: TypeCast, lenient = false): Expression {
    const type = dataTypeOf(typeName!, this.#context.text)
    return { kind: 'cast', input: this.convert(arg!), type, lenient }
  }

  #indirection(node: Extract<Node, { A_Indirection: unknown }>): Expression {
    const { arg, indirection = [] } = node.A_Indirection
    return indirection.reduce<Expression>((inner, step) => {
      if ('String' in step) return call('get_field', inner, text(step.String.sval ?? ''))
      if ('A_Indices' in step && step.A_Indices.is_slice !== true) {
        return call('element_at', inner, this.convert(step.A_Indices.uidx!))
      }
      throw this.#unsupported(node, 'A slice of an array')
    }, this.convert(arg!))
  }

  #function(f: FuncCall): Expression {
    const written = (namesOf(f.funcname).at(-1) ?? '').toLowerCase()
    const first = f.args?.[0]
    if (written === 'try_cast' && f.args?.length === 1 && first !== undefined && 'TypeCast' in first) {
      return this.#cast(first.TypeCast, true)
    }
    if (written === 'position' && f.funcformat === 'COERCE_SQL_SYNTAX') return call('strpos', ...this.#all(f.args))
    if (written === 'timezone') throw this.#unsupported({ FuncCall: f }, 'AT TIME ZONE')
    if (f.agg_within_group === true) return this.#withinGroup(f, written)
    if (f.agg_order !== undefined) {
      throw this.#unsupported({ FuncCall: f }, `ORDER BY inside ${written}(…)`)
    }
    const name = functionNames[written] ?? written
    const args = this.#all(f.args?.map((arg) => ('NamedArgExpr' in arg ? arg.NamedArgExpr.arg! : arg)))
    const filter = f.agg_filter === undefined ? null : this.convert(f.agg_filter)
    if (f.over !== undefined) return this.#window(f, name, args, filter)
    if (isAggregateFunction(name) && !isScalarFunction(name)) {
      const aggregate: AggregateCall = { kind: 'aggregate', name, args, distinct: f.agg_distinct === true, filter }
      return aggregate
    }
    if (f.agg_star === true || f.agg_distinct === true || filter !== null) {
      throw sqlInvalid(`${written}() is no aggregate function`, this.#context.text.position(f.location))
    }
    return call(this.#known(name, f.location), ...args)
  }

  #known(name: string, location?: number): string {
    if (isScalarFunction(name)) return name
    const known = [...functionRegistry, ...aggregateRegistry, ...windowRegistry].map((each) => each.name)
    if (isWindowFunction(name)) throw sqlInvalid(`${name}() needs OVER (…)`, this.#context.text.position(location))
    throw sqlInvalid(`There is no function "${name}"${nearest(name, known)}`, this.#context.text.position(location))
  }

  /** percentile_cont(0.5) WITHIN GROUP (ORDER BY a) → percentile(a, 0.5) */
  #withinGroup(f: FuncCall, name: string): Expression {
    const order = f.agg_order?.[0]
    if (name !== 'percentile_cont' || f.agg_order?.length !== 1 || order === undefined || !('SortBy' in order)) {
      throw this.#unsupported({ FuncCall: f }, `${name} WITHIN GROUP`)
    }
    const { expression, descending } = this.sortKey(order.SortBy)
    const [fraction] = this.#all(f.args)
    const one: Expression = { kind: 'literal', value: 1, type: int32 }
    const args = [expression, descending ? call('subtract', one, fraction!) : fraction!]
    const filter = f.agg_filter === undefined ? null : this.convert(f.agg_filter)
    return { kind: 'aggregate', name: 'percentile', args, distinct: false, filter }
  }

  #window(f: FuncCall, name: string, args: readonly Expression[], filter: Expression | null): WindowCall {
    const position = this.#context.text.position(f.location)
    if (!isWindowFunction(name)) throw sqlInvalid(`${name}() is no window function`, position)
    if (f.agg_distinct === true) throw sqlUnsupported(`DISTINCT in a window function`, position)
    const over = this.#windowDefinition(f.over!)
    return {
      kind: 'window',
      name,
      args: filter === null ? args : filteredArguments(name, args, filter),
      partitionBy: this.#all(over.partitionClause),
      orderBy: (over.orderClause ?? []).map((node) => {
        if (!('SortBy' in node)) throw this.#unsupported(node)
        return this.sortKey(node.SortBy)
      }),
      frame: this.#frame(over),
    }
  }

  #windowDefinition(over: WindowDef): WindowDef {
    const named = over.name ?? over.refname
    if (named === undefined) return over
    const base = this.#context.windows.get(named)
    if (base === undefined) {
      throw sqlInvalid(
        `There is no window "${named}"${nearest(named, [...this.#context.windows.keys()])}`,
        this.#context.text.position(over.location),
      )
    }
    return over.name !== undefined
      ? this.#windowDefinition({ ...base, name: undefined } as unknown as WindowDef)
      : { ...base, ...over }
  }

  #frame(over: WindowDef): WindowFrame | null {
    const options = over.frameOptions ?? 0
    if ((options & frameBits.explicit) === 0) return null
    if ((options & frameBits.exclusion) !== 0)
      throw sqlUnsupported('EXCLUDE in a window frame', this.#context.text.position(over.location))
    const mode = (options & frameBits.rows) !== 0 ? 'rows' : (options & frameBits.groups) !== 0 ? 'groups' : 'range'
    const offset = (node: Node | undefined): number => {
      const value = node === undefined ? null : this.convert(node)
      if (value?.kind !== 'literal' || typeof value.value !== 'number') {
        throw sqlUnsupported(
          'A window frame whose bound is no whole number',
          this.#context.text.position(over.location),
        )
      }
      return value.value
    }
    const start =
      (options & frameBits.startUnbounded) !== 0
        ? null
        : (options & frameBits.startCurrent) !== 0
          ? 0
          : ((options & frameBits.startPreceding) !== 0 ? -1 : 1) * offset(over.startOffset)
    const end =
      (options & frameBits.endUnbounded) !== 0
        ? null
        : (options & frameBits.endCurrent) !== 0
          ? 0
          : ((options & frameBits.endPreceding) !== 0 ? -1 : 1) * offset(over.endOffset)
    return { mode, start, end }
  }
}

/** PostgreSQL's FRAMEOPTION_ bits. */
const frameBits = {
  explicit: 0x1,
  rows: 0x4,
  groups: 0x8,
  startUnbounded: 0x20,
  endUnbounded: 0x100,
  startCurrent: 0x200,
  endCurrent: 0x400,
  startPreceding: 0x800,
  endPreceding: 0x1000,
  exclusion: 0x8000 | 0x10000 | 0x20000,
} as const

/** An aggregate over a window has no filter of its own: the rows that it drops count as null. */
function filteredArguments(name: string, args: readonly Expression[], filter: Expression): Expression[] {
  const one: Expression = { kind: 'literal', value: 1, type: int32 }
  const given = args.length === 0 && name === 'count' ? [one] : args
  return given.map((then) => ({ kind: 'case', branches: [{ when: filter, then }], otherwise: null }))
}

/** Spark's defaults: nulls first ascending, nulls last descending. */
export function sortDirection(
  direction: string | undefined,
  nulls: string | undefined,
): { descending: boolean; nullsFirst: boolean } {
  const descending = direction === 'SORTBY_DESC'
  const nullsFirst = nulls === 'SORTBY_NULLS_FIRST' ? true : nulls === 'SORTBY_NULLS_LAST' ? false : !descending
  return { descending, nullsFirst }
}
