import {
  bind,
  col,
  interpret,
  lit,
  substituteColumns,
  textOf,
  utcContext,
  type BoundExpression,
} from '@deltaworks/expression'
import type { LogicalPlan, Window } from '@deltaworks/plan'
import { boolean, field, fieldIndex, int64, typesEqual, type Field, type Schema, type Value } from '@deltaworks/schema'
import type { Metadata } from '@deltaworks/delta-log'
import { constraintViolated, valueNotAllowed, type ConstraintKind } from '../errors.js'
import { castTo, columnAt, countAll, literalOf, not, or, projectionTo } from '../plan-nodes.js'
import {
  defaultExpression,
  generationExpression,
  identityOf,
  invariantOf,
  lengthLimitOf,
  nextIdentity,
  type Identity,
} from './column-rules.js'
import { bindExpressionText } from './expression-text.js'
import { enforceSchema, type EnforcedRows } from './schema-enforcement.js'

/** A predicate that must be true (not false, not null) for every row that is written. */
export interface RowCheck {
  readonly kind: ConstraintKind
  /** Of the constraint, or of the column. */
  readonly name: string
  readonly text: string
  /** Over the table's columns. */
  readonly predicate: BoundExpression
}

/** What a table asks of its rows beyond types and nullability; everything is bound over the table's columns. */
export interface TableRules {
  readonly checks: readonly RowCheck[]
  readonly generated: ReadonlyMap<string, BoundExpression>
  readonly defaults: ReadonlyMap<string, BoundExpression>
  readonly identity: ReadonlyMap<string, Identity>
}

const constraintPrefix = 'delta.constraints.'

/** CHECK constraints by name, as SQL. */
export const constraintsOf = (configuration: Readonly<Record<string, string>>): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(configuration)
      .filter(([key]) => key.startsWith(constraintPrefix))
      .map(([key, text]) => [key.slice(constraintPrefix.length), text]),
  )

export const constraintProperty = (name: string): string => constraintPrefix + name.toLowerCase()

/** @throws DeltaTableError DW-TABLE-0017 if one of them uses what we cannot evaluate */
export async function tableRules(table: string, metadata: Metadata, of: Schema): Promise<TableRules> {
  const checks: RowCheck[] = []
  const generated = new Map<string, BoundExpression>()
  const defaults = new Map<string, BoundExpression>()
  const identity = new Map<string, Identity>()
  for (const [i, column] of of.fields.entries()) {
    const invariant = invariantOf(column)
    if (invariant !== null) {
      const predicate = await bindExpressionText(table, `invariant of column ${column.name}`, invariant, of)
      checks.push({ kind: 'column invariant', name: column.name, text: invariant, predicate })
    }
    const limit = column.type.kind === 'string' ? lengthLimitOf(column) : null
    if (limit !== null) {
      const text = `char_length(\`${column.name.replaceAll('`', '``')}\`) <= ${limit}`
      const predicate = or(
        isNull(columnAt(of, i)),
        await bindExpressionText(table, `length of ${column.name}`, text, of),
      )
      checks.push({ kind: 'length of column', name: column.name, text, predicate })
    }
    const generation = generationExpression(column)
    if (generation !== null) {
      const value = await bindExpressionText(table, `generation expression of column ${column.name}`, generation, of)
      const stored = typesEqual(value.type, column.type) ? value : castTo(value, column.type)
      generated.set(column.name, stored)
      const predicate = isSame(columnAt(of, i), stored)
      checks.push({ kind: 'generated column', name: column.name, text: generation, predicate })
    }
    const otherwise = defaultExpression(column)
    if (otherwise !== null) {
      const value = await bindExpressionText(table, `default of column ${column.name}`, otherwise, { fields: [] })
      defaults.set(column.name, typesEqual(value.type, column.type) ? value : castTo(value, column.type))
    }
    const sequence = identityOf(column)
    if (sequence !== null) identity.set(column.name, sequence)
  }
  for (const [name, text] of constraintsOf(metadata.configuration)) {
    const predicate = await bindExpressionText(table, `CHECK constraint ${name}`, text, of)
    checks.push({ kind: 'CHECK constraint', name, text, predicate })
  }
  return { checks, generated, defaults, identity }
}

const isSame = (a: BoundExpression, b: BoundExpression): BoundExpression => ({
  kind: 'call',
  name: 'is_not_distinct_from',
  args: [a, b],
  type: boolean,
  nullable: false,
})

export interface FittedRows extends EnforcedRows {
  /** Whether identity values were made, so that their marks move with the number of rows. */
  readonly identities: readonly string[]
}

/**
 * Fits rows to a table as `enforceSchema`, and makes what they lack: defaults, identity values, generated columns.
 * @throws DeltaTableError DW-TABLE-0001, 0002, 0003, 0017, 0019
 */
export async function fitRows(
  table: string,
  metadata: Metadata,
  target: Schema,
  rows: LogicalPlan,
  mergeSchema: boolean,
): Promise<FittedRows> {
  const rules = await tableRules(table, metadata, target)
  const isGiven = (name: string): boolean => fieldIndex(rows.schema, name) >= 0
  const fillers = new Map<string, BoundExpression>()
  const identities: string[] = []
  for (const column of target.fields) {
    const sequence = rules.identity.get(column.name)
    if (isGiven(column.name)) {
      if (sequence?.allowExplicitInsert === false) throw identityGiven(table, column.name)
      continue
    }
    if (sequence !== undefined) identities.push(column.name)
    const value = rules.defaults.get(column.name)
    if (value !== undefined) fillers.set(column.name, value)
    else if (sequence !== undefined || rules.generated.has(column.name)) {
      fillers.set(column.name, literalOf(null, column.type))
    }
  }
  const fitted = enforceSchema(table, target, rows, mergeSchema, fillers)
  const numbered = withIdentityValues(fitted.plan, rules, identities)
  const computed = [...rules.generated.keys()].filter((name) => !isGiven(name))
  return { ...fitted, plan: withGeneratedValues(numbered, rules, computed), identities }
}

export const identityGiven = (table: string, column: string) =>
  valueNotAllowed(table, column, 'it is an identity column, GENERATED ALWAYS')

/** Gives rows (with the table's columns) values of these identity columns where they have none. */
export function withIdentityValues(rows: LogicalPlan, rules: TableRules, names: readonly string[]): LogicalPlan {
  if (names.length === 0) return rows
  const { fields } = rows.schema
  const numbered: Window = {
    kind: 'window',
    input: rows,
    windows: [{ ...countAll, partitionBy: [], orderBy: [], frame: { mode: 'rows', start: null, end: 0 } }],
    schema: { fields: [...fields, field('__number', int64, false)] },
  }
  const expressions = fields.map((column, i) => {
    const sequence = names.includes(column.name) ? rules.identity.get(column.name) : undefined
    if (sequence === undefined) return columnAt(numbered.schema, i)
    const next = nextIdentity(sequence)
    const made = col('__number').sub(lit(1n, int64)).mul(lit(sequence.step, int64)).add(lit(next, int64))
    const value = bind(made.node, numbered.schema)
    const stored = typesEqual(value.type, column.type) ? value : castTo(value, column.type)
    return coalesced(columnAt(numbered.schema, i), stored)
  })
  return projectionTo(numbered, expressions, withNullability(fields, expressions))
}

const coalesced = (a: BoundExpression, b: BoundExpression): BoundExpression => ({
  kind: 'call',
  name: 'coalesce',
  args: [a, b],
  type: a.type,
  nullable: a.nullable && b.nullable,
})

function withGeneratedValues(rows: LogicalPlan, rules: TableRules, names: readonly string[]): LogicalPlan {
  if (names.length === 0) return rows
  const { fields } = rows.schema
  const expressions = fields.map((column, i) => {
    const value = names.includes(column.name) ? rules.generated.get(column.name) : undefined
    return value === undefined ? columnAt(rows.schema, i) : substituteColumns(value, (at) => columnAt(rows.schema, at))
  })
  return projectionTo(rows, expressions, withNullability(fields, expressions))
}

const withNullability = (fields: readonly Field[], expressions: readonly BoundExpression[]): readonly Field[] =>
  fields.map((f, i) => ({ name: f.name, type: f.type, nullable: expressions[i]!.nullable }))

/** The mark of an identity column after so many values were made. */
export const markAfter = (sequence: Identity, count: number): bigint =>
  nextIdentity(sequence) + BigInt(count - 1) * sequence.step

/** True for rows that break a rule. */
export function breaksAny(checks: readonly RowCheck[]): BoundExpression {
  const broken = ({ predicate }: RowCheck): BoundExpression =>
    predicate.nullable ? or(not(predicate), isNull(predicate)) : not(predicate)
  return checks.map(broken).reduce(or)
}

const isNull = (input: BoundExpression): BoundExpression => ({
  kind: 'call',
  name: 'is_null',
  args: [input],
  type: boolean,
  nullable: false,
})

/** The error for a row that breaks one of the rules: the first of them. */
export function violation(table: string, checks: readonly RowCheck[], of: Schema, row: readonly Value[]): Error {
  const broken = checks.find(({ predicate }) => interpret(predicate, row) !== true) ?? checks[0]!
  const shown: Record<string, string> = {}
  for (const [i, column] of of.fields.entries()) {
    const value = row[i] ?? null
    shown[column.name] = value === null ? 'NULL' : textOf(column.type, value, utcContext)
  }
  return constraintViolated(table, broken.kind, broken.name, broken.text, shown)
}
