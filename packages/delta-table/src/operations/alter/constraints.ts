import { readEverything, type Snapshot } from '@deltaworks/delta-log'
import type { LogicalPlan } from '@deltaworks/plan'
import { DeltaTableProvider } from '../../delta-table-provider.js'
import { badAlteration, invalidExpression } from '../../errors.js'
import type { OperationContext, OperationResult } from '../../operation-context.js'
import { filterOf, scanOf } from '../../plan-nodes.js'
import { runOptions } from '../../run-options.js'
import { bindExpressionText } from '../../write/expression-text.js'
import { breaksAny, constraintProperty, violation, type RowCheck } from '../../write/table-rules.js'
import type { WriteOptions } from '../../write/write-options.js'
import { alterTable } from './alter-table.js'

const namePattern = /^[A-Za-z_][A-Za-z0-9_]*$/

/**
 * ALTER TABLE … ADD CONSTRAINT name CHECK (expression). Every row that there is must satisfy it.
 * @throws DeltaTableError DW-TABLE-0016 for a row that does not, 0017, 0020
 */
export function addConstraint(
  context: OperationContext,
  snapshot: Snapshot,
  name: string,
  expression: string,
  options: WriteOptions,
): Promise<OperationResult | null> {
  const { location } = context
  return alterTable(context, snapshot, options, async (base) => {
    if (!namePattern.test(name)) throw badAlteration(location.uri, `Constraint ${name}`, 'its name is no identifier')
    const key = constraintProperty(name)
    if (base.metadata.configuration[key] !== undefined) {
      throw badAlteration(location.uri, `Constraint ${name}`, 'there is one of this name; drop it first')
    }
    const what = `CHECK constraint ${name}`
    const predicate = await bindExpressionText(location.uri, what, expression, base.schema)
    if (predicate.type.kind !== 'boolean') throw invalidExpression(location.uri, what, expression, 'it is no predicate')
    await requireHolds(context, base, { kind: 'CHECK constraint', name, text: expression, predicate }, options)
    return {
      metadata: { ...base.metadata, configuration: { ...base.metadata.configuration, [key]: expression } },
      schema: base.schema,
      reads: readEverything,
      name: 'ADD CONSTRAINT',
      parameters: { name, expr: expression },
    }
  })
}

async function requireHolds(
  context: OperationContext,
  base: Snapshot,
  check: RowCheck,
  options: WriteOptions,
): Promise<void> {
  const broken = filterOf(scanOf(new DeltaTableProvider(base)), breaksAny([check]))
  const one: LogicalPlan = { kind: 'limit', input: broken, skip: 0, fetch: 1, schema: broken.schema }
  const { rows } = await context.session.collect(one, runOptions(options))
  if (rows[0] !== undefined) throw violation(context.location.uri, [check], base.schema, rows[0])
}

export interface DropConstraintOptions extends WriteOptions {
  /** Nothing happens if there is none. */
  readonly ifExists?: boolean
}

/** ALTER TABLE … DROP CONSTRAINT. @throws DeltaTableError DW-TABLE-0020 */
export function dropConstraint(
  context: OperationContext,
  snapshot: Snapshot,
  name: string,
  options: DropConstraintOptions,
): Promise<OperationResult | null> {
  return alterTable(context, snapshot, options, (base) => {
    const key = constraintProperty(name)
    const found = Object.keys(base.metadata.configuration).find((k) => k.toLowerCase() === key)
    if (found === undefined) {
      if (options.ifExists === true) return Promise.resolve(null)
      throw badAlteration(context.location.uri, `Constraint ${name}`, 'there is none of this name')
    }
    const { [found]: expression, ...configuration } = base.metadata.configuration
    return Promise.resolve({
      metadata: { ...base.metadata, configuration },
      schema: base.schema,
      name: 'DROP CONSTRAINT',
      parameters: { name, expr: expression!, existed: 'true' },
    })
  })
}
