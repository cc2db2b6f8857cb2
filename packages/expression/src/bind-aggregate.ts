import type { Schema } from '@deltaworks/schema'
import { aggregateFunction } from './aggregate-registry.js'
import { bind, bindPredicate, castTo, type BindOptions } from './bind.js'
import { notScalar, wrongArguments } from './errors.js'
import type {
  AggregateCall,
  BoundAggregate,
  BoundSortKey,
  BoundWindow,
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
    frame: definition.usesFrame ? (call.frame ?? defaultFrame(call.orderBy.length > 0)) : null,
    type,
    nullable: definition.nullable,
  }
}

const defaultFrame = (ordered: boolean): WindowFrame => ({ mode: 'range', start: null, end: ordered ? 0 : null })
