import { DeltaworksError, nearest, typeName, type DataType, type Value } from '@deltaworks/schema'

/** What is wrong with an expression (fault `usage`), or with a value that it met (fault `data`). */
export class ExpressionError extends DeltaworksError {
  override readonly name = 'ExpressionError'
}

export const unknownColumn = (name: string, known: readonly string[]): ExpressionError =>
  new ExpressionError(
    'DW-EXPRESSION-0001',
    'usage',
    `There is no column "${name}"${nearest(name, known)}. Columns: ${known.length > 40 ? `${known.slice(0, 40).join(', ')}, …` : known.join(', ')}.`,
    { column: name, columns: known },
  )

export const unknownFunction = (name: string, known: readonly string[]): ExpressionError =>
  new ExpressionError('DW-EXPRESSION-0002', 'usage', `There is no function "${name}"${nearest(name, known)}.`, {
    function: name,
  })

export const wrongArguments = (name: string, types: readonly DataType[], expected: string): ExpressionError =>
  new ExpressionError(
    'DW-EXPRESSION-0003',
    'usage',
    `${name}(${types.map(typeName).join(', ')}) is not possible: ${expected}. Cast the arguments explicitly.`,
    { function: name, types: types.map(typeName) },
  )

export const notScalar = (what: string, where: string): ExpressionError =>
  new ExpressionError('DW-EXPRESSION-0004', 'usage', `${what} cannot stand in ${where}.`, { what, where })

export const castNotSupported = (from: DataType, to: DataType): ExpressionError =>
  new ExpressionError('DW-EXPRESSION-0005', 'usage', `A ${typeName(from)} cannot be cast to ${typeName(to)}.`, {
    from: typeName(from),
    to: typeName(to),
  })

export const incompatibleTypes = (what: string, a: DataType, b: DataType): ExpressionError =>
  new ExpressionError(
    'DW-EXPRESSION-0006',
    'usage',
    `${what} has operands of types ${typeName(a)} and ${typeName(b)}, which have no common type. Cast one of them explicitly.`,
    { what, left: typeName(a), right: typeName(b) },
  )

export const invalidExpressionJson = (what: string): ExpressionError =>
  new ExpressionError('DW-EXPRESSION-0007', 'usage', `The text is no serialised expression: ${what}.`, { what })

export const notBoolean = (type: DataType): ExpressionError =>
  new ExpressionError(
    'DW-EXPRESSION-0008',
    'usage',
    `A condition must be boolean, and this one is ${typeName(type)}. Compare it with something.`,
    { type: typeName(type) },
  )

export const overflow = (what: string, type: DataType): ExpressionError =>
  new ExpressionError(
    'DW-EXPRESSION-0010',
    'data',
    `${what} does not fit into ${typeName(type)}. Cast the operands to a wider type.`,
    { operation: what, type: typeName(type) },
  )

export const divisionByZero = (what: string): ExpressionError =>
  new ExpressionError(
    'DW-EXPRESSION-0011',
    'data',
    `Division by zero: ${what}. Use nullif(divisor, 0) to get null instead.`,
    { operation: what },
  )

export const invalidCast = (value: Value, from: DataType, to: DataType): ExpressionError => {
  const shown = from.kind === 'string' ? `'${String(value)}'` : String(value)
  return new ExpressionError(
    'DW-EXPRESSION-0012',
    'data',
    `The value ${shown} of type ${typeName(from)} cannot be cast to ${typeName(to)}. Correct the value, or use try_cast to get null instead.`,
    { value: String(value), from: typeName(from), to: typeName(to) },
  )
}

export const invalidFrame = (reason: string): ExpressionError =>
  new ExpressionError('DW-EXPRESSION-0009', 'usage', `The window frame is not possible: ${reason}.`, { reason })

export const invalidArgument = (name: string, value: Value, reason: string): ExpressionError =>
  new ExpressionError('DW-EXPRESSION-0013', 'data', `${name} cannot take '${String(value)}': ${reason}.`, {
    function: name,
    value: String(value),
  })

/** The same error with the place of the row: which expression, which row of its batch, and the values that it read. */
export const atRow = (
  error: ExpressionError,
  expression: string,
  row: number,
  values: Readonly<Record<string, string>>,
): ExpressionError => {
  const shown = Object.entries(values).map(([name, value]) => `${name} = ${value}`)
  const result = new ExpressionError(
    error.code,
    error.fault,
    `${error.message} In ${expression}, at row ${row + 1} of the batch${shown.length === 0 ? '' : ` (${shown.join(', ')})`}.`,
    {
      ...error.details,
      expression,
      row,
      ...Object.fromEntries(Object.entries(values).map(([k, v]) => [`value.${k}`, v])),
    },
    error,
  )
  return result
}
