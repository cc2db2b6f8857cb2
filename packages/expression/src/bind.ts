import { fieldIndex, nullType, typesEqual, type DataType, type Schema, type StructType } from '@deltaworks/schema'
import { castKernel } from './cast.js'
import { commonType } from './coercion.js'
import { incompatibleTypes, notBoolean, notScalar, unknownColumn, wrongArguments } from './errors.js'
import { utcContext, type FunctionDefinition } from './evaluation.js'
import type { BoundCall, BoundExpression, BoundLiteral, Call, Case, ColumnReference, Expression } from './expression.js'
import { scalarFunction } from './function-registry.js'
import { scopeOf, type Scope } from './scope.js'

export interface BindOptions {
  /** ANSI mode (default): overflow, division by zero and casts that do not fit are errors; otherwise they give null. */
  readonly ansi?: boolean
  /** The zone in which constants are computed (default UTC). */
  readonly timezone?: string
  /**
   * Asked for every node before it is bound in the usual way; null means "bind it". By this a caller resolves what scalar
   * binding cannot know: aggregates, windows and subqueries that a lower plan node has computed.
   */
  readonly substitute?: (expression: Expression) => BoundExpression | null
  /** The parameters of the lambdas around, by their ids. */
  readonly variables?: ReadonlyMap<string, DataType>
}

/**
 * Resolves names, finds the types, and makes every coercion explicit as a cast (Spark 4 ANSI rules).
 * @throws ExpressionError (fault `usage`): an unknown column or function, types that do not go together
 */
export const bind = (expression: Expression, input: Schema | Scope, options: BindOptions = {}): BoundExpression =>
  bindIn(expression, scopeOf(input), options)

function bindIn(expression: Expression, scope: Scope, options: BindOptions): BoundExpression {
  const substituted = options.substitute?.(expression) ?? null
  if (substituted !== null) return substituted
  switch (expression.kind) {
    case 'column':
      return bindColumn(expression, scope)
    case 'literal':
      return boundLiteral(expression.value, expression.type)
    case 'alias':
      return bindIn(expression.input, scope, options)
    case 'cast': {
      const inner = bindIn(expression.input, scope, options)
      return castTo(inner, expression.type, expression.lenient || options.ansi === false, options.timezone)
    }
    case 'case':
      return bindCase(expression, scope, options)
    case 'call': {
      if (expression.name === 'lambda_variable') return bindVariable(expression, options)
      const takesLambdas = scalarFunction(expression.name).definition.parameters
      if (takesLambdas !== undefined) return bindWithLambdas(expression, scope, options, takesLambdas)
      const args = expression.args.map((arg) => bindIn(arg, scope, options))
      return bindCall(expression.name, args, options)
    }
    case 'aggregate':
      throw notScalar(
        `The aggregate ${expression.name}(…)`,
        'this place (a filter, a grouping or a projection without aggregation)',
      )
    case 'window':
      throw notScalar(`The window function ${expression.name}(…)`, 'this place (a filter, a grouping or an aggregate)')
    case 'subquery':
      throw notScalar('A subquery', 'this place')
  }
}

/** A call whose lambdas are bound one after the other, each with the types that its parameters have by what stands before it. */
function bindWithLambdas(
  call: Call,
  scope: Scope,
  options: BindOptions,
  parameters: NonNullable<FunctionDefinition['parameters']>,
): BoundExpression {
  const args: BoundExpression[] = []
  call.args.forEach((arg, place) => {
    if (arg.kind !== 'call' || arg.name !== 'lambda') {
      args.push(bindIn(arg, scope, options))
      return
    }
    const [body, ...names] = arg.args as [Expression, ...Expression[]]
    const ids = names.map((name) => String(name.kind === 'literal' ? name.value : ''))
    const types = parameters(args, place, ids.length, call.name)
    const variables = new Map(options.variables)
    ids.forEach((id, i) => variables.set(id, types[i]!))
    const bound = bindIn(body, scope, { ...options, variables })
    args.push(bindCall('lambda', [bound, ...ids.map((id) => boundLiteral(id, { kind: 'string' }))], options))
  })
  return bindCall(call.name, args, options)
}

function bindVariable(call: Call, { variables }: BindOptions): BoundExpression {
  const [name] = call.args
  const id = name?.kind === 'literal' ? String(name.value) : ''
  const type = variables?.get(id)
  if (type === undefined) throw unknownColumn(variableName(id), [...(variables?.keys() ?? [])].map(variableName))
  return { kind: 'call', name: 'lambda_variable', args: [boundLiteral(id, { kind: 'string' })], type, nullable: true }
}
/** Ids of parameters are `depth:name`. */
const variableName = (id: string): string => id.slice(id.indexOf(':') + 1)

export const boundLiteral = (value: BoundLiteral['value'], type: DataType): BoundLiteral => ({
  kind: 'literal',
  value,
  type,
  nullable: value === null,
})

export function boundColumn(schema: Schema, index: number): BoundExpression {
  const { name, type, nullable } = schema.fields[index]!
  return { kind: 'column', index, name, type, nullable }
}

function bindColumn(reference: ColumnReference, scope: Scope): BoundExpression {
  const index = scope.resolve(reference.name, reference.qualifier)
  if (index >= 0) return boundColumn(scope.schema, index)
  // `a.b` may be the member b of a struct column a.
  if (reference.qualifier !== undefined) {
    const outer = scope.resolve(reference.qualifier)
    const type = outer >= 0 ? scope.schema.fields[outer]!.type : null
    if (type?.kind === 'struct' && fieldIndex({ fields: (type as StructType).fields }, reference.name) >= 0) {
      return bindCall('get_field', [boundColumn(scope.schema, outer), boundLiteral(reference.name, { kind: 'string' })])
    }
  }
  const known = scope.schema.fields.map((f) => f.name)
  throw unknownColumn(
    reference.qualifier === undefined ? reference.name : `${reference.qualifier}.${reference.name}`,
    known,
  )
}

/** A call whose arguments are bound: coercions and result type by the function's rules. */
export function bindCall(name: string, args: readonly BoundExpression[], options: BindOptions = {}): BoundExpression {
  const wanted = options.ansi === false && lenientForms.has(name) ? `try_${name}` : name
  const { name: canonical, definition } = scalarFunction(wanted)
  const [least, most] = definition.arity
  if (args.length < least || args.length > most) {
    throw wrongArguments(
      canonical,
      args.map((a) => a.type),
      `it is ${definition.signature}`,
    )
  }
  if (canonical === 'between') return bindBetween(args, options)
  const resolution = definition.resolve(args, canonical)
  const coerced = args.map((arg, i) => castTo(arg, resolution.args[i]!, options.ansi === false, options.timezone))
  const call: BoundCall = {
    kind: 'call',
    name: canonical,
    args: coerced,
    type: resolution.type,
    nullable: resolution.nullable ?? isNullable(definition, coerced),
  }
  return call
}

const lenientForms = new Set(['add', 'subtract', 'multiply', 'divide'])

function bindBetween(args: readonly BoundExpression[], options: BindOptions): BoundExpression {
  const [value, low, high] = args as [BoundExpression, BoundExpression, BoundExpression]
  return bindCall('and', [bindCall('ge', [value, low], options), bindCall('le', [value, high], options)], options)
}

const isNullable = (definition: FunctionDefinition, args: readonly BoundExpression[]): boolean =>
  definition.nullable === 'always' || (definition.nullable !== 'never' && args.some((arg) => arg.nullable))

function bindCase({ branches, otherwise }: Case, scope: Scope, options: BindOptions): BoundExpression {
  const whens = branches.map((b) => castTo(bindIn(b.when, scope, options), { kind: 'boolean' }, false))
  const thens = branches.map((b) => bindIn(b.then, scope, options))
  const last = otherwise === null ? null : bindIn(otherwise, scope, options)
  let type: DataType = nullType
  for (const value of last === null ? thens : [...thens, last]) {
    const wider = commonType(type, value.type)
    if (wider === null) throw incompatibleTypes('CASE', type, value.type)
    type = wider
  }
  const lenient = options.ansi === false
  return {
    kind: 'case',
    branches: whens.map((when, i) => ({ when, then: castTo(thens[i]!, type, lenient, options.timezone) })),
    otherwise: last === null ? null : castTo(last, type, lenient, options.timezone),
    type,
    nullable: last === null || last.nullable || thens.some((t) => t.nullable),
  }
}

/**
 * The expression as another type; itself if it has it already. Literals are converted here and now, unless that fails
 * (then it fails, or gives null, where it is evaluated).
 * @throws ExpressionError DW-EXPRESSION-0005 if there is no such cast
 */
export function castTo(input: BoundExpression, type: DataType, lenient = false, timezone = 'UTC'): BoundExpression {
  if (typesEqual(input.type, type)) return input
  if (input.kind === 'literal' && input.value === null) return boundLiteral(null, type)
  const convert = castKernel(input.type, type)
  const zoned = type.kind === 'timestamp' || input.type.kind === 'timestamp'
  if (input.kind === 'literal' && !(zoned && timezone !== 'UTC')) {
    const value = convert(input.value, utcContext)
    if (value !== undefined) return boundLiteral(value, type)
    if (lenient) return boundLiteral(null, type)
  }
  return { kind: 'cast', input, type, lenient, nullable: input.nullable || lenient }
}

/** Binds what must be a boolean: a filter, a join condition. */
export function bindPredicate(
  expression: Expression,
  input: Schema | Scope,
  options: BindOptions = {},
): BoundExpression {
  const bound = bind(expression, input, options)
  if (bound.type.kind === 'boolean') return bound
  if (bound.type.kind === 'null') return boundLiteral(null, { kind: 'boolean' })
  throw notBoolean(bound.type)
}
