import { bind, type Expression } from '@deltaworks/expression'
import { isDeltaworksError, type DataType, type Schema } from '@deltaworks/schema'
import { referencesOf } from './analysis/query-analysis.js'
import { analyzerOf } from './analyzers/index.js'
import { pinClock } from './clock.js'
import { duplicateRule, ruleDoesNotFit, unknownColumn, unknownReference, type QualityError } from './errors.js'
import type { Constraint, Rule } from './rule.js'

/**
 * What is wrong with rules on a table of this schema: unknown columns, types that a rule cannot be asked about, references
 * that are not there, ids that occur twice. Reads no data.
 * @param references schemas of the tables that rules may refer to; if left out, references are not checked
 * @returns one error a problem, in the order of the rules; none: all of them can be evaluated
 */
export function validateRules(
  rules: readonly Rule[],
  schema: Schema,
  references?: ReadonlyMap<string, Schema>,
): readonly QualityError[] {
  const errors: QualityError[] = []
  const ids = new Set<string>()
  for (const rule of rules) {
    if (ids.has(rule.id)) errors.push(duplicateRule(rule.id))
    ids.add(rule.id)
    const error = problemOf(rule, schema, references)
    if (error !== null) errors.push(error)
  }
  return errors
}

/** The first thing that is wrong with one rule, or null. */
export function problemOf(
  rule: Rule,
  schema: Schema,
  references: ReadonlyMap<string, Schema> | undefined,
): QualityError | null {
  const { id, constraint, filter } = pinClock(rule, 0n)
  const analyzer = analyzerOf(constraint)
  const asked = filter === null ? analyzer.expressions(constraint) : [...analyzer.expressions(constraint), filter]
  const types = new Map<Expression, DataType>()
  for (const expression of asked) {
    const bound = bindOrProblem(id, expression, schema)
    if ('error' in bound) return bound.error
    types.set(expression, bound.type)
  }
  if (filter !== null && types.get(filter)!.kind !== 'boolean')
    return ruleDoesNotFit(id, 'its `where` is not a condition')
  const problem = analyzer.problem?.(constraint, schema, (e) => types.get(e) ?? bind(e, schema).type)
  if (problem !== undefined && problem !== null) return ruleDoesNotFit(id, problem)
  return references === undefined ? null : referenceProblem(id, constraint, references)
}

function referenceProblem(
  id: string,
  constraint: Constraint,
  references: ReadonlyMap<string, Schema>,
): QualityError | null {
  for (const part of constraints(constraint)) {
    if (part.kind === 'metric') {
      const missing = referencesOf(part.analyzer).find((name) => !references.has(name))
      if (missing !== undefined) return unknownReference(id, missing, [...references.keys()])
    }
    if (part.kind !== 'referential_integrity') continue
    const schema = references.get(part.reference)
    if (schema === undefined) return unknownReference(id, part.reference, [...references.keys()])
    for (const key of part.referenceKeys) {
      const bound = bindOrProblem(id, key, schema)
      if ('error' in bound) return bound.error
    }
  }
  return null
}

function bindOrProblem(
  rule: string,
  expression: Expression,
  schema: Schema,
): { readonly type: DataType } | { readonly error: QualityError } {
  try {
    return { type: bind(expression, schema).type }
  } catch (error) {
    if (!isDeltaworksError(error)) throw error
    const { column } = error.details
    if (typeof column === 'string' && !schema.fields.some((f) => f.name.toLowerCase() === column.toLowerCase())) {
      const known = schema.fields.map((f) => f.name)
      return { error: unknownColumn(rule, column, known) }
    }
    return { error: ruleDoesNotFit(rule, error.message.replace(/\.$/, '')) }
  }
}

/** A constraint and, if it is a composite, everything in it. */
const constraints = (constraint: Constraint): readonly Constraint[] =>
  constraint.kind === 'composite' ? [constraint, ...constraint.parts.flatMap(constraints)] : [constraint]
