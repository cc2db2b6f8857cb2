import {
  aggregateFunction,
  derivedAggregate,
  isAggregateFunction,
  isDerivedAggregate,
  isScalarFunction,
  isWindowFunction,
  rewriteExpression,
  type AggregateCall,
  type Call,
  type Expression,
  type SortKey,
} from '@deltaworks/expression'
import { aggregateRegistry, functionRegistry, intervalValue, windowRegistry } from '@deltaworks/expression'
import { boolean, int32, interval, nearest, string } from '@deltaworks/schema'
import type { A_Expr, FuncCall, SortBy, SubLink, TypeCast, WindowDef } from 'libpg-query'
import { sqlInvalid, sqlUnsupported } from '../errors.js'
import { intervalArithmetic, intervalOf, isText } from './interval-arithmetic.js'
import { literalOf } from './literal.js'
import { binaryOperators, functionNames } from './operators.js'
import { specialCalls } from './special-calls.js'
import type { SqlText } from './sql-text.js'
import { windowCall, type WindowSite } from './window-clause.js'
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
  /** The parameters of the lambdas around, from the outermost on. */
  readonly #lambdas: (readonly string[])[] = []

  /** What windows and intervals ask of this. */
  readonly #site: WindowSite

  constructor(context: ConversionContext) {
    this.#context = context
    this.#site = {
      text: context.text,
      windows: context.windows,
      convert: (node) => this.convert(node),
      sortKey: (node) => this.sortKey(node),
    }
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
    if ('CollateClause' in node) return this.#collated(node)
    if ('ParamRef' in node) throw this.#unsupported(node, 'A parameter ($1)')
    if ('GroupingFunc' in node) return call('grouping', ...this.#all(node.GroupingFunc.args))
    if ('RowExpr' in node) return call('struct', ...this.#all(node.RowExpr.args))
    throw this.#unsupported(node)
  }

  sortKey({ node, sortby_dir, sortby_nulls }: SortBy): SortKey {
    return { expression: this.convert(node!), ...sortDirection(sortby_dir, sortby_nulls) }
  }

  /** Texts are compared by their bytes: the collations that say so are taken, others are not there. */
  #collated(node: Extract<Node, { CollateClause: unknown }>): Expression {
    const name = namesOf(node.CollateClause.collname).at(-1) ?? ''
    if (binaryCollations.has(name.toLowerCase())) return this.convert(node.CollateClause.arg!)
    throw this.#unsupported(node, `The collation "${name}" (texts are compared by their bytes)`)
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
    const variable = this.#variable(namesOf(fields))
    if (variable !== null) return variable
    return this.#context.text.locate(location ?? 0, () => this.#context.column(namesOf(fields)))
  }

  /** A parameter of a lambda around, or a member of one; null if the name is none's. */
  #variable([name, ...members]: readonly string[]): Expression | null {
    const lower = name?.toLowerCase()
    const depth = this.#lambdas.findLastIndex((names) => names.some((each) => each.toLowerCase() === lower))
    if (depth < 0) return null
    const of = call('lambda_variable', text(`${depth}:${lower!}`))
    return members.reduce<Expression>((inner, member) => call('get_field', inner, text(member)), of)
  }

  /** "__lambda"(body, 'x', 'y'), as the dialect writes `(x, y) -> body`. */
  #lambda(f: FuncCall): Expression {
    const [body, ...parameters] = f.args ?? []
    const names = parameters.map((node) =>
      'A_Const' in node && 'sval' in node.A_Const ? (node.A_Const.sval?.sval ?? '') : '',
    )
    const depth = this.#lambdas.push(names) - 1
    try {
      return call('lambda', this.convert(body!), ...names.map((name) => text(`${depth}:${name.toLowerCase()}`)))
    } finally {
      this.#lambdas.pop()
    }
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
        if (isRow(e.lexpr!) && 'List' in e.rexpr!) {
          const parts = (e.rexpr.List.items ?? []).map((row) => this.#compareRows(e.lexpr!, row, '=', e))
          const any = parts.length === 1 ? parts[0]! : call('or', ...parts)
          return name === '<>' ? not(any) : any
        }
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
        return this.#arrayComparison(e, name, kind === 'AEXPR_OP_ANY')
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
      if (name === '~') return call('bitwise_not', operand)
      if (name === '@') return call('abs', operand)
      if (name === '!') return not(operand)
      throw this.#unsupported({ A_Expr: e }, `The operator ${name}`)
    }
    if (isRow(e.lexpr) || isRow(e.rexpr!)) return this.#compareRows(e.lexpr, e.rexpr!, name, e)
    if (name === '->' || name === '->>' || name === '#>' || name === '#>>') return this.#json(e, name)
    const withInterval = intervalArithmetic(this.#site, e, name)
    if (withInterval !== null) return withInterval
    const target = this.#context.text.noteAt(e.location) === 'div' ? 'div' : binaryOperators[name]
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

  /** (a, b) = (c, d): part by part; < and the like by the first parts that differ. */
  #compareRows(left: Node, right: Node, name: string, e: A_Expr): Expression {
    const [a, b] = [left, right].map((node) => ('RowExpr' in node ? this.#all(node.RowExpr.args) : null))
    const target = binaryOperators[name]
    if (!a || !b || target === undefined) throw this.#unsupported({ A_Expr: e }, `${name} of a row`)
    if (a.length !== b.length) {
      throw sqlInvalid(
        `Rows of ${a.length} and ${b.length} values are compared`,
        this.#context.text.position(e.location),
      )
    }
    const all = (parts: readonly Expression[]): Expression => (parts.length === 1 ? parts[0]! : call('and', ...parts))
    const equal = a.map((x, i) => call('eq', x, b[i]!))
    if (target === 'eq') return all(equal)
    if (target === 'ne') return not(all(equal))
    const strict = target === 'lt' || target === 'le' ? 'lt' : 'gt'
    const last = a.length - 1
    return a.reduceRight<Expression>(
      (rest, x, i) => {
        if (i === last) return call(target, x, b[i]!)
        return call('or', call(strict, x, b[i]!), call('and', equal[i]!, rest))
      },
      call(target, a[last]!, b[last]!),
    )
  }

  /** `json -> 'a'`, `->> 0`, `#> '{a,b}'`: the part at a path. */
  #json(e: A_Expr, name: string): Expression {
    const step = this.convert(e.rexpr!)
    const asText = name.endsWith('>>')
    const inner = this.convert(e.lexpr!)
    if (step.kind !== 'literal' || (typeof step.value !== 'string' && typeof step.value !== 'number')) {
      return call(asText ? 'json_extract_path_text' : 'json_extract_path', inner, step)
    }
    if (typeof step.value === 'string' && /^[$/]/.test(step.value)) {
      return call(asText ? 'get_json_object' : 'json_extract', inner, step)
    }
    const steps = name.startsWith('#') ? String(step.value).replace(/^{|}$/g, '').split(',') : [step.value]
    const path = steps.map((part) => text(String(part).trim()))
    if (inner.kind === 'call' && inner.name === 'json_extract_path') {
      return call(asText ? 'json_extract_path_text' : inner.name, ...inner.args, ...path)
    }
    return call(asText ? 'json_extract_path_text' : 'json_extract_path', inner, ...path)
  }

  /** `x < ANY (list)`: over its elements. */
  #arrayComparison(e: A_Expr, name: string, any: boolean): Expression {
    const target = binaryOperators[name]
    const elements = 'A_ArrayExpr' in e.rexpr! ? this.#all(e.rexpr.A_ArrayExpr.elements) : null
    if (elements === null && name === '=' && any)
      return call('array_contains', this.convert(e.rexpr!), this.convert(e.lexpr!))
    if (elements === null || target === undefined || elements.length === 0) {
      throw this.#unsupported({ A_Expr: e }, `${name} ${any ? 'ANY' : 'ALL'} of this array`)
    }
    const value = this.convert(e.lexpr!)
    const parts = elements.map((element) =>
      target.startsWith('!') ? not(call(target.slice(1), value, element)) : call(target, value, element),
    )
    return parts.length === 1 ? parts[0]! : call(any ? 'or' : 'and', ...parts)
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
    const matches = call('similar_to', this.convert(e.lexpr!), ...this.#patternOf(e.rexpr!, 'similar_to_escape'))
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
    if (!lenient && namesOf(typeName?.names).at(-1) === 'interval' && arg !== undefined && isText(arg)) {
      return {
        kind: 'literal',
        value: intervalValue(intervalOf({ TypeCast: { arg, typeName } } as Node, this.#context.text)!),
        type: interval,
      }
    }
    const type = dataTypeOf(typeName!, this.#context.text)
    return { kind: 'cast', input: this.convert(arg!), type, lenient }
  }

  #indirection(node: Extract<Node, { A_Indirection: unknown }>): Expression {
    const { arg, indirection = [] } = node.A_Indirection
    return indirection.reduce<Expression>((inner, step) => {
      if ('String' in step) return call('get_field', inner, text(step.String.sval ?? ''))
      if (!('A_Indices' in step)) throw this.#unsupported(node, 'This access')
      const { is_slice: isSlice, lidx, uidx } = step.A_Indices
      if (isSlice !== true) return call('element_at', inner, this.convert(uidx!))
      const one: Expression = { kind: 'literal', value: 1, type: int32 }
      const first = lidx === undefined ? one : this.convert(lidx)
      const last = uidx === undefined ? call('size', inner) : this.convert(uidx)
      return call(
        'slice',
        inner,
        first,
        call('greatest', call('subtract', call('add', last, one), first), { ...one, value: 0 }),
      )
    }, this.convert(arg!))
  }

  #function(f: FuncCall): Expression {
    const written = (namesOf(f.funcname).at(-1) ?? '').toLowerCase()
    const first = f.args?.[0]
    if (written === 'try_cast' && f.args?.length === 1 && first !== undefined && 'TypeCast' in first) {
      return this.#cast(first.TypeCast, true)
    }
    if (written === 'position' && f.funcformat === 'COERCE_SQL_SYNTAX') return call('strpos', ...this.#all(f.args))
    if (written === 'timezone' && f.args?.length === 2)
      return call('at_time_zone', ...this.#all([f.args[1]!, f.args[0]!]))
    if (written === 'overlay' && f.funcformat === 'COERCE_SQL_SYNTAX') return call('overlay', ...this.#all(f.args))
    const special = specialCalls[written]?.(f, {
      convert: (node) => this.convert(node),
      unsupported: (what) => this.#unsupported({ FuncCall: f }, what),
    })
    if (special !== undefined && special !== null) return special
    if (written === '__lambda') return this.#lambda(f)
    if (written === '__ignore_nulls') return { kind: 'literal', value: true, type: boolean }
    if (f.agg_within_group === true && written === 'percentile_cont') return this.#withinGroup(f, written)
    if (written === 'grouping_id') return call('grouping', ...this.#all(f.args))
    const name = functionNames[written] ?? written
    const args = this.#all(f.args?.map((arg) => ('NamedArgExpr' in arg ? arg.NamedArgExpr.arg! : arg)))
    const filter = f.agg_filter === undefined ? null : this.convert(f.agg_filter)
    const orderBy = (f.agg_order ?? []).map((node) => {
      if (!('SortBy' in node)) throw this.#unsupported(node)
      return this.sortKey(node.SortBy)
    })
    if (isDerivedAggregate(name) || (orderBy.length > 0 && isAggregateFunction(name))) {
      const plain = isDerivedAggregate(name) ? name : aggregateFunction(name).name
      const of = { name: plain, args, distinct: f.agg_distinct === true, filter, orderBy }
      const input = this.#context.text.locate(f.location, () => derivedAggregate(of))
      return { kind: 'alias', name: written, input: f.over === undefined ? input : this.#overWindow(f, input) }
    }
    if (written === 'ratio_to_report' && f.over !== undefined) {
      return call(
        'divide',
        args[0]!,
        call('nullif', windowCall(this.#site, f, 'sum', args, filter), { kind: 'literal', value: 0, type: int32 }),
      )
    }
    if (f.over !== undefined) return windowCall(this.#site, f, name, args, filter)
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
    if (isScalarFunction(name) || setReturning.has(name)) return name
    const known = [...functionRegistry, ...aggregateRegistry, ...windowRegistry].map((each) => each.name)
    if (isWindowFunction(name)) throw sqlInvalid(`${name}() needs OVER (…)`, this.#context.text.position(location))
    throw sqlInvalid(`There is no function "${name}"${nearest(name, known)}`, this.#context.text.position(location))
  }

  /** percentile_cont(0.5) WITHIN GROUP (ORDER BY a) → percentile(a, 0.5) */
  #withinGroup(f: FuncCall, name: string): Expression {
    const order = f.agg_order?.[0]
    if (f.agg_order?.length !== 1 || order === undefined || !('SortBy' in order)) {
      throw this.#unsupported({ FuncCall: f }, `${name} WITHIN GROUP`)
    }
    const { expression, descending } = this.sortKey(order.SortBy)
    const [fraction] = this.#all(f.args)
    const one: Expression = { kind: 'literal', value: 1, type: int32 }
    const args = [expression, descending ? call('subtract', one, fraction!) : fraction!]
    const filter = f.agg_filter === undefined ? null : this.convert(f.agg_filter)
    const aggregate: AggregateCall = { kind: 'aggregate', name: 'percentile', args, distinct: false, filter }
    return f.over === undefined ? aggregate : this.#overWindow(f, aggregate)
  }

  /** Each aggregate of the expression over the call's window. */
  #overWindow(f: FuncCall, expression: Expression): Expression {
    return rewriteExpression(expression, (node) =>
      node.kind === 'aggregate'
        ? windowCall(this.#site, { ...f, agg_distinct: node.distinct } as FuncCall, node.name, node.args, node.filter)
        : null,
    )
  }
}

/** Functions of a select list that give a row for each element; `SelectBinder` makes them. */
export const setReturning: ReadonlySet<string> = new Set(['unnest', 'explode', 'explode_outer'])

const binaryCollations: ReadonlySet<string> = new Set(['c', 'posix', 'ucs_basic', 'binary', 'utf8_binary', 'default'])

const isRow = (node: Node): boolean => 'RowExpr' in node

/** Spark's defaults: nulls first ascending, nulls last descending. */
export function sortDirection(
  direction: string | undefined,
  nulls: string | undefined,
): { descending: boolean; nullsFirst: boolean } {
  const descending = direction === 'SORTBY_DESC'
  const nullsFirst = nulls === 'SORTBY_NULLS_FIRST' ? true : nulls === 'SORTBY_NULLS_LAST' ? false : !descending
  return { descending, nullsFirst }
}
