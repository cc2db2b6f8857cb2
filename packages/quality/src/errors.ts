import { DeltaworksError, nearest } from '@deltaworks/schema'

export class QualityError extends DeltaworksError {
  override readonly name = 'QualityError'
}

export const unknownColumn = (rule: string, column: string, known: readonly string[]): QualityError =>
  new QualityError(
    'DW-QUALITY-0001',
    'usage',
    `Rule "${rule}" asks about a column "${column}", which the table does not have${nearest(column, known)}. Columns: ${known.join(', ')}.`,
    { rule, column, columns: known },
  )

export const ruleDoesNotFit = (rule: string, problem: string): QualityError =>
  new QualityError(
    'DW-QUALITY-0002',
    'usage',
    `Rule "${rule}" does not fit the table: ${problem}. Change the rule, or the column's type.`,
    { rule },
  )

export const duplicateRule = (rule: string): QualityError =>
  new QualityError(
    'DW-QUALITY-0003',
    'usage',
    `Two rules have the id "${rule}". Ids name rules in results and in quarantine: give one of them another with .named('…').`,
    { rule },
  )

export const unknownReference = (rule: string, reference: string, known: readonly string[]): QualityError =>
  new QualityError(
    'DW-QUALITY-0004',
    'usage',
    `Rule "${rule}" refers to a table "${reference}", which was not handed to the verification${nearest(reference, known)}. ` +
      (known.length === 0 ? 'No table was. ' : `Known: ${known.join(', ')}. `) +
      'Pass it in `references`.',
    { rule, reference, known },
  )

export const invalidRule = (problem: string): QualityError =>
  new QualityError('DW-QUALITY-0005', 'usage', `A rule is not valid: ${problem}.`)

/** A place in DQDL text; both count from 1. */
export interface Position {
  readonly line: number
  readonly column: number
}

export const dqdlSyntax = (position: Position, problem: string): QualityError =>
  new QualityError('DW-QUALITY-0006', 'usage', `DQDL, line ${position.line}, column ${position.column}: ${problem}.`, {
    line: position.line,
    column: position.column,
  })

export const statesDoNotMerge = (a: string, b: string): QualityError =>
  new QualityError(
    'DW-QUALITY-0009',
    'usage',
    a === b
      ? `States of the kind "${a}" do not add up: compute the metric over all rows.`
      : `A state of the kind "${a}" and one of the kind "${b}" do not add up: they are of different analyzers.`,
    { a, b },
  )

export const customSqlResult = (sql: string, found: string): QualityError =>
  new QualityError(
    'DW-QUALITY-0010',
    'usage',
    `The statement "${sql}" must give one number, and gave ${found}. Select one aggregate, or leave the condition out to have it select rows.`,
    { sql },
  )

export const notComparable = (problem: string): QualityError =>
  new QualityError('DW-QUALITY-0011', 'usage', `The tables cannot be compared: ${problem}.`)

export const deequJsonInvalid = (problem: string): QualityError =>
  new QualityError('DW-QUALITY-0012', 'usage', `The text is no metrics repository of Deequ: ${problem}.`)

export const rowsDoNotReconcile = (
  counts: Readonly<Record<'input' | 'good' | 'quarantined' | 'dropped', number>>,
): QualityError =>
  new QualityError(
    'DW-QUALITY-0013',
    'internal',
    `Rows were lost or doubled when they were split: ${Object.entries(counts)
      .map(([name, count]) => `${count} ${name}`)
      .join(', ')}. Nothing was written. This is a bug: please report it with the rules.`,
    counts,
  )
