import { decimal, int32, isInteger, isNumeric, type Schema } from '@deltaworks/schema'
import { aggregateFunction } from './aggregate-registry.js'
import { bind, bindCall, bindPredicate, castTo, type BindOptions } from './bind.js'
import { commonTypeOf } from './coercion.js'
import { invalidFrame, notScalar, wrongArguments } from './errors.js'
import type {
  AggregateCall,
  BoundAggregate,
  BoundExpression,
  BoundSortKey,
  BoundWindow,
  BoundWindowFrame,
  Expression,
  SortKey,
  WindowCall,
  WindowFrame,
} from './expression.js'
import type { Scope } from './scope.js'
import { windowFunction } from './window-registry.js'

/** @throws ExpressionError: an unknown aggregate or column, argument types that it does not take */
export function bindAggregate(call: AggregateCall, input: Schema | Scope, options: BindOptions = {}): BoundAggregate {
  const { name, definition } = aggregateFunction(call.name)
  const args = call.args.map((arg) => bind(arg, input, options))
  const [least, most] = definition.arity
  if (args.length < least || args.length > most) {
    throw wrongArguments(
      name,
      args.map((a) => a.type),
      `it is ${definition.signature}`,
    )
  }
  const { args: types, type } = definition.resolve(args, name)
  return {
    name,
    args: args.map((arg, i) => castTo(arg, types[i]!)),
    distinct: call.distinct && definition.distinctMatters,
    filter: call.filter === null ? null : bindPredicate(call.filter, input, options),
    type,
    nullable: definition.nullable,
  }
}

export const bindSortKey = (key: SortKey, input: Schema | Scope, options: BindOptions = {}): BoundSortKey => ({
  expression: bind(key.expression, input, options),
  descending: key.descending,
  nullsFirst: key.nullsFirst,
})

/**
 * A frame that is not given is, as in standard SQL, up to the current row and its peers where there is an ORDER BY, else the
 * whole partition.
 * @throws ExpressionError: an unknown function or column, a ranking function without ORDER BY
 */
export function bindWindow(call: WindowCall, input: Schema | Scope, options: BindOptions = {}): BoundWindow {
  const { name, definition } = windowFunction(call.name)
  const args = call.args.map((arg) => bind(arg, input, options))
  const [least, most] = definition.arity
  if (args.length < least || args.length > most) {
    throw wrongArguments(
      name,
      args.map((a) => a.type),
      `it is ${definition.signature}`,
    )
  }
  if (definition.needsOrder && call.orderBy.length === 0) throw notScalar(`${name}()`, 'a window without ORDER BY')
  const { args: types, type } = definition.resolve(args, name)
  return {
    name,
    args: args.map((arg, i) => castTo(arg, types[i]!)),
    partitionBy: call.partitionBy.map((e: Expression) => bind(e, input, options)),
    orderBy: call.orderBy.map((key) => bindSortKey(key, input, options)),
    frame: definition.usesFrame ? bindFrame(call, input, options) : null,
    filter: call.filter === undefined || call.filter === null ? null : bindPredicate(call.filter, input, options),
    ...(call.distinct === true && definition.usesFrame ? { distinct: true } : {}),
    type,
    nullable: definition.nullable,
  }
}

function bindFrame(call: WindowCall, input: Schema | Scope, options: BindOptions): BoundWindowFrame {
  const { mode, start, end, exclude, startKey, endKey } = call.frame ?? defaultFrame(call.orderBy.length > 0)
  if (start !== null && end !== null && start > end) throw invalidFrame('it would end before it starts')
  const frame = { mode, start, end, ...(exclude === undefined ? {} : { exclude }) }
  if (mode === 'groups' && call.orderBy.length === 0) throw invalidFrame('GROUPS needs an ORDER BY')
  const isOffset = (bound: number | null): boolean => bound !== null && bound !== 0
  if (mode !== 'range' || !(isOffset(start) || isOffset(end))) return frame
  const [order, ...more] = call.orderBy
  if (order === undefined || more.length > 0) throw invalidFrame('RANGE with an offset needs an ORDER BY of one key')
  const key = bind(order.expression, input, options)
  const wide = isInteger(key.type) ? decimal(20, 0) : key.type
  const at = (bound: number | null, given: Expression | undefined): BoundExpression | null => {
    if (!isOffset(bound)) return null
    if (given !== undefined) return bind(given, input, options)
    if (!isNumeric(key.type)) throw invalidFrame(`a ${key.type.kind} cannot be moved by a number`)
    const offset = castTo({ kind: 'literal', value: Math.abs(bound!), type: int32, nullable: false }, wide)
    const forward = bound! > 0 !== order.descending
    return bindCall(forward ? 'add' : 'subtract', [castTo(key, wide), offset], options)
  }
  const [first, last] = [at(start, startKey), at(end, endKey)]
  const type = commonTypeOf([key.type, ...[first, last].flatMap((e) => (e === null ? [] : [e.type]))])
  if (type === null) throw invalidFrame('the bounds are of another type than the ORDER BY')
  const cast = (e: BoundExpression | null) => (e === null ? null : castTo(e, type, false, options.timezone))
  return { ...frame, range: { key: castTo(key, type), start: cast(first), end: cast(last) } }
}

const defaultFrame = (ordered: boolean): WindowFrame => ({ mode: 'range', start: null, end: ordered ? 0 : null })
