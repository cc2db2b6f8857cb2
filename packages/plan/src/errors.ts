import { DeltaworksError, nearest, typeName, type DataType } from '@deltaworks/schema'

/** What is wrong with a plan, or with the SQL text that describes it. */
export class PlanError extends DeltaworksError {
  override readonly name = 'PlanError'
}

const listed = (names: readonly string[]): string =>
  names.length > 40 ? `${names.slice(0, 40).join(', ')}, …` : names.join(', ')

export const unknownColumn = (name: string, known: readonly string[]): PlanError =>
  new PlanError(
    'DW-PLAN-0001',
    'usage',
    `There is no column "${name}"${nearest(name, known)}. Columns: ${listed(known)}.`,
    { column: name, columns: known },
  )

export const ambiguousColumn = (name: string, candidates: readonly string[]): PlanError =>
  new PlanError(
    'DW-PLAN-0002',
    'usage',
    `The column "${name}" is ambiguous: ${candidates.join(' and ')}. Qualify it with an alias, or rename one of them.`,
    { column: name, candidates },
  )

export const unionMismatch = (reason: string): PlanError =>
  new PlanError('DW-PLAN-0003', 'usage', `The rows cannot be united: ${reason}. Cast, add or rename columns.`)

export const notBoolean = (where: string, type: DataType): PlanError =>
  new PlanError(
    'DW-PLAN-0004',
    'usage',
    `${where} must be a boolean, but it is ${typeName(type)}. Compare it with something.`,
    { where, type: typeName(type) },
  )

export const invalidJoin = (reason: string): PlanError =>
  new PlanError('DW-PLAN-0005', 'usage', `The join is not possible: ${reason}.`)

export const duplicateOutput = (name: string, where: string): PlanError =>
  new PlanError(
    'DW-PLAN-0006',
    'usage',
    `${where} gives two columns the name "${name}" (names are compared without regard to case). Rename one of them.`,
    { column: name },
  )

export const invalidCount = (what: string, value: number): PlanError =>
  new PlanError('DW-PLAN-0007', 'usage', `${what} must be a whole number of at least 0, but it is ${value}.`, {
    what,
    value,
  })

export const notGrouped = (name: string): PlanError =>
  new PlanError(
    'DW-PLAN-0008',
    'usage',
    `The column "${name}" is neither grouped by nor inside an aggregate function. Add it to the groups, or aggregate it (min, max, first …).`,
    { column: name },
  )

export const misplacedCall = (what: string, where: string): PlanError =>
  new PlanError('DW-PLAN-0009', 'usage', `${what} cannot stand in ${where}.`, { what, where })

export const invalidRow = (row: number, found: number, expected: number): PlanError =>
  new PlanError(
    'DW-PLAN-0010',
    'usage',
    `Row ${row + 1} of the values has ${found} value(s), but there are ${expected} column(s).`,
    { row, found, expected },
  )

export const incompatibleKeys = (left: string, leftType: DataType, right: string, rightType: DataType): PlanError =>
  new PlanError(
    'DW-PLAN-0011',
    'usage',
    `The join keys "${left}" (${typeName(leftType)}) and "${right}" (${typeName(rightType)}) have no common type. Cast one of them.`,
    { left, right },
  )

export const invalidPlan = (reason: string): PlanError =>
  new PlanError('DW-PLAN-0012', 'internal', `Internal error: the plan is not valid: ${reason}. Please report it.`)

/** Where in a SQL text: 1-based. */
export interface SqlPosition {
  readonly line: number
  readonly column: number
}

const at = (position: SqlPosition | null): string =>
  position === null ? '' : ` (line ${position.line}, column ${position.column})`
const placed = (position: SqlPosition | null) =>
  position === null ? {} : { line: position.line, column: position.column }

export const sqlSyntax = (reason: string, position: SqlPosition | null, cause: unknown): PlanError =>
  new PlanError('DW-PLAN-0020', 'usage', `The SQL cannot be parsed: ${reason}${at(position)}.`, placed(position), cause)

export const sqlUnsupported = (what: string, position: SqlPosition | null, instead = ''): PlanError =>
  new PlanError(
    'DW-PLAN-0021',
    'unsupported',
    `${what} is not supported${at(position)}.${instead === '' ? '' : ` ${instead}`}`,
    { what, ...placed(position) },
  )

export const unknownTable = (name: string, known: readonly string[], position: SqlPosition | null): PlanError =>
  new PlanError(
    'DW-PLAN-0022',
    'usage',
    `There is no table "${name}"${nearest(name, known)}${at(position)}.${known.length === 0 ? ' Name tables when you run the query, or read files with read_delta, read_parquet, read_csv, read_json, read_arrow or read_avro.' : ` Tables: ${listed(known)}.`}`,
    { table: name, tables: known, ...placed(position) },
  )

export const unknownTableFunction = (name: string, position: SqlPosition | null): PlanError =>
  new PlanError(
    'DW-PLAN-0023',
    'usage',
    `There is no table function "${name}"${nearest(name, tableFunctions)}${at(position)}. There are ${tableFunctions.join(', ')}.`,
    { function: name, ...placed(position) },
  )
const tableFunctions = [
  'read_delta',
  'read_parquet',
  'read_csv',
  'read_json',
  'read_arrow',
  'read_avro',
  'generate_series',
  'range',
  'unnest',
]

export const sqlInvalid = (reason: string, position: SqlPosition | null): PlanError =>
  new PlanError('DW-PLAN-0024', 'usage', `${reason}${at(position)}.`, placed(position))

/** The same error with its place in the text. */
export const atPosition = (error: DeltaworksError, position: SqlPosition | null): DeltaworksError => {
  if (position === null || 'line' in error.details) return error
  const message = error.message.endsWith('.') ? error.message.slice(0, -1) : error.message
  return new PlanError(
    error.code,
    error.fault,
    `${message} (line ${position.line}, column ${position.column}).`,
    { ...error.details, ...placed(position) },
    error,
  )
}
